import { type OrderStatus, paidStatus } from '../src/domain/order.ts';
import type { StepTerms } from '../src/domain/order-facts.ts';
import { INTENTS, type MoneyEffect, type StockEffect, type Transition } from '../src/domain/order-transitions.ts';
import type { Fulfillment } from '../src/domain/sale.ts';

/** Draws the state machine of an order as Markdown: a Mermaid diagram for each kind of fulfillment, and a table. Pure. */
export function drawOrderStates(transitions: readonly Transition[], terms: StepTerms): string {
  return `# The states of an order

Made from \`src/domain/order-transitions.ts\` by \`npm run generate\`; do not edit.

An *intent* is what somebody asks of an order: a \`POST\` to a resource of the order, such as
\`/api/v1/orders/{orderId}/cancellation\`, with an \`Idempotency-Key\` and the order's tag in \`If-Match\`. What is marked with
${BY_ITSELF} the engine does by itself. Whatever is not in the table is answered with 409 \`order-step-not-allowed\`, whose
\`allowed\` names the intents that the caller may ask for now; an intent that is never the caller's is answered with 403.

## Deadlines

Each sale has its own, in seconds. From a deadline on, the payment or the acceptance is refused with 409, also before the engine
has acted on it.

${deadlineTable(terms)}

## Orders of a drop or for a ticket (\`direct\`)

${diagram(transitions, 'direct')}

## Orders for a kitchen (\`kitchen\`)

${diagram(transitions, 'kitchen')}

## All transitions

The owner is the order's customer; the merchant is the merchant's people and its own back end. A rejection may say that the item is
sold out: then its stock does not come back.

${transitionTable(transitions)}
`;
}

/** Marks what nobody asks for. */
const BY_ITSELF = '⚙';

const STOCK: Readonly<Record<StockEffect, string>> = {
  none: '–',
  claim: 'held → sold',
  release: 'held → available',
  return: 'sold → available',
  'return-if-asked': 'sold → available, only if asked for',
  'hold-again': 'available → held, or 409',
  'take-again': 'available → sold, or the money goes back',
  'return-lines': 'sold → available, for the lines that ask for it',
};

const MONEY: Readonly<Record<MoneyEffect, string>> = {
  none: '–',
  attempt: 'an attempt is recorded, then the provider is called',
  capture: 'captured',
  'give-back': 'refunded or voided',
  'give-back-or-keep': 'refunded; a part may be kept',
  refund: 'refunded, never more than was captured',
};

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

function deadlineTable(terms: StepTerms): string {
  const row = (status: OrderStatus, term: keyof StepTerms, then: string) => [
    `\`${status}\``,
    `\`${term}\``,
    String(terms[term]),
    then,
  ];
  return table(
    ['in', 'term of the sale', 'default', 'what it does'],
    [
      row('pending_payment', 'holdSeconds', 'How long an unpaid order keeps its stock. Then it expires.'),
      row(
        'pending_payment',
        'retrySeconds',
        'What is left at least after a refused payment. It is lengthened once only.',
      ),
      row(
        'payment_processing',
        'pinSeconds',
        'How long a payment under way may keep the stock. Then the engine cancels it at the provider, and the order expires. Was it charged already, the order is paid.',
      ),
      row(
        'pending_acceptance',
        'acceptanceSeconds',
        'How long the kitchen has to accept a paid order. Then it is rejected.',
      ),
    ],
  );
}

function diagram(transitions: readonly Transition[], fulfillment: Fulfillment): string {
  const start: OrderStatus = 'pending_payment';
  const paid = paidStatus(fulfillment);
  const rows = reachable(
    transitions.filter((row) => row.fulfillment === 'any' || row.fulfillment === fulfillment),
    [start, paid],
  );
  const labels = new Map<string, string[]>();
  for (const row of rows) {
    const arrow = `${row.from} --> ${row.to}`;
    labels.set(arrow, [...(labels.get(arrow) ?? []), triggerLabel(row)]);
  }
  const lines = [
    'stateDiagram-v2',
    `[*] --> ${start} : placed`,
    `[*] --> ${paid} : placed, nothing to pay`,
    ...[...labels].map(([arrow, of]) => `${arrow} : ${of.join(', ')}`),
    ...endsOf(rows).map((status) => `${status} --> [*]`),
  ];
  return `\`\`\`mermaid\n${lines.join('\n  ')}\n\`\`\``;
}

/** The rows whose status an order can come to. */
function reachable(rows: readonly Transition[], from: readonly OrderStatus[]): Transition[] {
  const seen = new Set(from);
  // A Set that grows while it is walked shows what was added, too.
  for (const status of seen) {
    for (const row of rows) if (row.from === status) seen.add(row.to);
  }
  return rows.filter((row) => seen.has(row.from));
}

/** Where no row leads on from. */
function endsOf(rows: readonly Transition[]): OrderStatus[] {
  const left = new Set(rows.filter((row) => row.to !== row.from).map((row) => row.from));
  return [...new Set(rows.map((row) => row.to))].filter((status) => !left.has(status));
}

const INTENT_NAMES: ReadonlySet<string> = new Set(INTENTS);

function triggerLabel({ trigger, handover }: Transition): string {
  const name = INTENT_NAMES.has(trigger) ? trigger : `${BY_ITSELF} ${trigger}`;
  if (handover === undefined) return name;
  return `${name} (${handover === 'customer' ? 'by the customer' : 'by a courier'})`;
}

function transitionTable(transitions: readonly Transition[]): string {
  return table(
    ['trigger', 'from', 'to', 'who', 'stock', 'money', 'event'],
    transitions.map((row) => [
      triggerLabel(row),
      `\`${row.from}\``,
      row.to === row.from ? 'unchanged' : `\`${row.to}\``,
      row.who.join(', '),
      STOCK[row.stock],
      MONEY[row.money],
      `\`${row.event}\``,
    ]),
  );
}
