import type { Case } from './case.ts';
import type { ProviderPayment } from './history.ts';
import type { OrderLife } from './order-life.ts';
import type { Violation, ViolationKind } from './violation.ts';

/** PAY-01: at most one payment of an order keeps or reserves money, by the provider's own books. */
export function checkOneCharge(facts: Case): Violation[] {
  const books = facts.final.rest?.providerBooks ?? [];
  const charges = books.filter(
    ({ status, capturedMinor, refundedMinor }) => status === 'authorized' || capturedMinor > refundedMinor,
  );
  return [...Map.groupBy(charges, ({ orderId }) => orderId)].flatMap(([orderId, group]) =>
    group.length === 1
      ? []
      : [broken('PAY-01', 'charged-twice', orderId, `is charged ${group.length} times`, { group })],
  );
}

/**
 * PAY-10: at rest captured − refunded at the provider is the same in the ledger, order by order and in sum; it is what
 * the order's status says; nothing is still under way; and the engine knows of no difference either.
 */
export function checkBalance(facts: Case): Violation[] {
  const { rest } = facts.final;
  if (rest === undefined) return [];
  const books = rest.providerBooks === null ? undefined : Map.groupBy(rest.providerBooks, ({ orderId }) => orderId);
  const found = rest.lives.flatMap((life) => [
    ...checkPending(life),
    ...checkKept(life),
    ...(books === undefined ? [] : compareBooks(life, books.get(life.orderId) ?? [])),
  ]);
  const known = new Set(rest.lives.map(({ orderId }) => orderId));
  for (const [orderId, payments] of books ?? []) {
    if (known.has(orderId)) continue;
    found.push(broken('PAY-10', 'books-differ', orderId, 'has money at the provider and does not exist', { payments }));
  }
  if (rest.discrepancies.length > 0) {
    const message = `the engine lists ${rest.discrepancies.length} differences between the books`;
    const evidence = { discrepancies: rest.discrepancies.slice(0, 20) };
    found.push({ promise: 'PAY-10', kind: 'books-differ', message, evidence });
  }
  return found;
}

/** What the ledger says is left of the captured money. */
function keptByLedger({ payments, refunds }: OrderLife): number {
  const captured = payments.reduce((sum, { capturedMinor }) => sum + capturedMinor, 0);
  return captured - sumOf(refunds.filter(({ status }) => status === 'succeeded'));
}

function compareBooks(life: OrderLife, payments: readonly ProviderPayment[]): Violation[] {
  const provider = payments.reduce((sum, { capturedMinor, refundedMinor }) => sum + capturedMinor - refundedMinor, 0);
  const ledger = keptByLedger(life);
  const reserved = payments.some(({ status }) => status === 'authorized');
  const found: Violation[] = [];
  if (provider !== ledger) {
    const evidence = { provider, ledger, payments, life };
    found.push(
      broken('PAY-10', 'books-differ', life.orderId, `has ${ledger} in the ledger, ${provider} there`, evidence),
    );
  }
  if (reserved !== (life.status === 'pending_acceptance' && life.totalMinor > 0)) {
    const message = `is ${life.status}, money is ${reserved ? '' : 'not '}reserved for it`;
    found.push(broken('PAY-10', 'books-differ', life.orderId, message, { payments }));
  }
  return found;
}

const PAID: ReadonlySet<string> = new Set(['confirmed', 'preparing', 'ready_for_pickup', 'in_transit', 'completed']);

/** Refunds that the provider refuses for good leave the money where it is; they are somebody's dead letters. */
function checkKept(life: OrderLife): Violation[] {
  const { status, totalMinor, refunds, history, orderId } = life;
  const asked = refunds.filter(({ cause }) => cause === 'requested');
  const stuck = sumOf(refunds.filter((refund) => refund.cause !== 'requested' && refund.status === 'failed'));
  const retained = history.reduce((sum, { retainedMinor }) => sum + retainedMinor, 0);
  const due = PAID.has(status) ? totalMinor - sumOf(asked.filter((refund) => refund.status === 'succeeded')) : retained;
  const askedBack = PAID.has(status) ? 0 : sumOf(asked.filter((refund) => refund.status === 'failed'));
  const kept = keptByLedger(life);
  if (kept === due + stuck || kept === due + stuck + askedBack) return [];
  const evidence = { status, totalMinor, kept, due, stuck, retained, life };
  return [
    broken('PAY-10', 'money-kept', orderId, `is ${status} and keeps ${kept} instead of ${due + stuck}`, evidence),
  ];
}

function checkPending({ orderId, status, payments, refunds }: OrderLife): Violation[] {
  const open = payments.filter((payment) => payment.status === 'processing');
  const going = refunds.filter((refund) => refund.status === 'pending');
  const authenticating = status !== 'payment_processing' && payments.some((each) => each.status === 'requires_action');
  if (open.length + going.length === 0 && !authenticating) return [];
  return [broken('PAY-10', 'money-pending', orderId, 'has money under way at rest', { status, payments, refunds })];
}

const sumOf = (amounts: readonly { readonly amountMinor: number }[]) =>
  amounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0);

function broken(
  promise: 'PAY-01' | 'PAY-10',
  kind: ViolationKind,
  orderId: string,
  what: string,
  evidence: object,
): Violation {
  return { promise, kind, message: `order ${orderId} ${what}`, evidence: { orderId, ...evidence } };
}
