import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { type People, step } from '../support/orders.ts';
import type { Sale, Shop } from '../support/shop.ts';
import { asked, changed, explain, type Happening, inOrder, observed, ordered, type Snapshot } from './explain.ts';
import { type AskBody, type Asked, allowedTo, INTENTS, type Intent, roleOf } from './order-intents.ts';
import { authenticate, payAfterAll, unsilence } from './order-payments.ts';
import {
  ACTORS,
  type Actor,
  CARDS,
  type Card,
  COOKED,
  type ModelOrder,
  orderAt,
  passDeadline,
  passPin,
  type Terms,
  type World,
} from './order-world.ts';

/** Everything of one run: a sale of its own, its people, and the worlds in which it may be. */
export interface Run {
  readonly terms: Terms;
  readonly urls: readonly string[];
  readonly database: TestDatabase;
  readonly sale: Sale;
  readonly tokens: Readonly<Record<Actor, string>>;
  /** Ids of the orders by their place in the model; undefined where none came of it. */
  readonly ids: (string | undefined)[];
  /** Requests that took effect, with their answers. */
  readonly effects: {
    readonly text: string;
    readonly answer: Answer;
    readonly again: (url: string) => Promise<Answer>;
  }[];
  /** What was done, for people. */
  readonly trace: string[];
  /** The version of each order as last seen. */
  versions: ReadonlyMap<number, number>;
  worlds: readonly World[];
}

/** What is drawn for a move; what it means depends on where the run stands. */
export interface Draw {
  readonly order: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Something that can be done now. */
export interface Move {
  readonly text: string;
  fire(): Promise<Happening>;
}

export const MOVES = {
  placing,
  allowedStep,
  anyStep,
  payment,
  deadline,
  authentication,
  refusedPaid,
} as const satisfies Record<string, (run: Run, draw: Draw) => Move | undefined>;
export type MoveKind = keyof typeof MOVES;

const pick = <T>(from: readonly T[], index: number): T | undefined => from[index % Math.max(1, from.length)];

/** One of the worlds: to choose by, never to judge by. */
export function likelyWorld(run: Run): World {
  const [world] = run.worlds;
  if (world === undefined) throw new Error('There is no world left.');
  return world;
}

const places = (run: Run): number[] => [...run.versions.keys()];

const urlOf = (run: Run, { c }: Draw): string => pick(run.urls, c) ?? '';

export async function startRun(
  terms: Terms,
  capacity: number,
  engines: { urls: readonly string[]; database: TestDatabase; shop: Shop; people: People },
): Promise<Run> {
  const { urls, database, shop, people } = engines;
  const item = { capacity, priceMinor: terms.priceMinor, limitPerCustomer: terms.limit };
  const sale = await shop.createSale({ fulfillment: terms.fulfillment, items: [item] });
  return {
    terms,
    urls,
    database,
    sale,
    tokens: { customer0: newCustomer().token, customer1: newCustomer().token, ...people },
    ids: [],
    effects: [],
    trace: [`${JSON.stringify(terms)}, ${capacity} units`],
    versions: new Map(),
    worlds: [{ available: capacity, orders: [] }],
  };
}

/** Fires moves at the same time; then what the ledger has become must have an explanation. */
export async function make(run: Run, moves: readonly Move[]): Promise<void> {
  const happenings = await Promise.all(moves.map((move) => move.fire()));
  believe(run, happenings, 'no sequence explains these answers');
  await observe(run);
}

/** Keeps the worlds in which all of this can have happened. */
function believe(run: Run, happenings: readonly Happening[], complaint: string): void {
  replaceWorlds(run, explain(run.terms, run.worlds, happenings), complaint);
}

/** Keeps the worlds that fit. */
export function keep(run: Run, fits: (world: World) => boolean, complaint: string): void {
  replaceWorlds(run, run.worlds.filter(fits), complaint);
}

function replaceWorlds(run: Run, worlds: readonly World[], complaint: string): void {
  const before = run.worlds[0];
  if (worlds.length === 0) {
    assert.fail(`${complaint}\n${run.trace.join('\n')}\nThe model stood at ${JSON.stringify(before, null, 1)}`);
  }
  run.worlds = worlds;
}

/** The ledger as it is now must have an explanation. */
export async function observe(run: Run): Promise<void> {
  const snapshot = await readSnapshot(run);
  run.trace.push(`  seen: ${summary(snapshot)}`);
  believe(run, [observed(snapshot)], `nothing explains what the ledger holds: ${JSON.stringify(snapshot)}`);
  run.versions = new Map(snapshot.orders.map(({ place, version }) => [place, version]));
}

function summary({ available, orders }: Snapshot): string {
  const each = orders.map(({ place, status, version, attempts, refunds }) =>
    [`order ${place} ${status} ${version}`, ...attempts, ...refunds.map((refund) => `refund ${refund.status}`)].join(
      ' ',
    ),
  );
  return [`${available} left`, ...each].join(', ');
}

/** One statement: all of it at the same moment. */
async function readSnapshot(run: Run): Promise<Snapshot> {
  const rows = await run.database.query<{ available: number; orders: (Snapshot['orders'][number] & { id: string })[] }>(
    `SELECT items.available, coalesce(json_agg(json_build_object(
       'id', orders.id, 'status', orders.status, 'version', orders.version,
       'units', json_build_object('held', order_lines.held, 'sold', order_lines.sold,
                                  'returned', order_lines.returned, 'refunded', order_lines.refunded),
       'retainedMinor', (SELECT coalesce(sum(amount_minor), 0) FROM retained_amounts WHERE order_id = orders.id),
       'attempts', (SELECT coalesce(json_agg(status ORDER BY created_at, id), '[]') FROM payments
                    WHERE order_id = orders.id),
       'refunds', (SELECT coalesce(json_agg(json_build_object('amountMinor', amount_minor, 'cause', cause,
                   'status', status)), '[]') FROM refunds WHERE order_id = orders.id),
       'history', (SELECT json_agg(json_build_object('event', type, 'status', status) ORDER BY version)
                   FROM order_events WHERE order_id = orders.id)
     )) FILTER (WHERE orders.id IS NOT NULL), '[]') AS orders
     FROM items
     LEFT JOIN orders ON orders.sale_id = items.sale_id
     LEFT JOIN order_lines ON order_lines.order_id = orders.id
     WHERE items.sale_id = $1 GROUP BY items.available`,
    [run.sale.id],
  );
  const { available = 0, orders = [] } = rows[0] ?? {};
  const seen = orders.map(({ id, refunds, ...order }) => ({ ...order, place: run.ids.indexOf(id), refunds }));
  return {
    available,
    orders: seen
      .toSorted((a, b) => a.place - b.place)
      .map(({ place, status, version, units, retainedMinor, attempts, refunds, history }) => ({
        place,
        status,
        version,
        units,
        retainedMinor,
        attempts,
        refunds: inOrder(refunds),
        history,
      })),
  };
}

function note(run: Run, text: string, { status, json }: Answer): void {
  const { code, version, orderStatus = json?.status } = json ?? {};
  const state = typeof orderStatus === 'string' ? orderStatus : '';
  run.trace.push(`${text} ⇒ ${[status, code, state, version].filter(Boolean).join(' ')}`);
}

function keepEffect(run: Run, text: string, answer: Answer, again: (url: string) => Promise<Answer>): void {
  if (answer.status < 300 || answer.status === 402) run.effects.push({ text, answer, again });
}

/** Somebody orders. */
function placing(run: Run, draw: Draw): Move {
  const owner = draw.a % 2 === 0 ? 0 : 1;
  const quantity = 1 + (draw.b % 2);
  const at = run.ids.push(undefined) - 1;
  const text = `customer${owner} orders ${quantity} as order ${at}`;
  const options = {
    token: run.tokens[`customer${owner}`],
    key: randomUUID(),
    body: { saleId: run.sale.id, lines: [{ itemId: run.sale.items[0]?.id, quantity }] },
  };
  const again = (url: string) => send('POST', `${url}/api/v1/orders`, options);
  return {
    text,
    async fire() {
      const answer = await again(urlOf(run, draw));
      note(run, text, answer);
      keepEffect(run, text, answer, again);
      if (answer.status === 201) run.ids[at] = answer.json.id;
      return ordered(run.terms, { at, owner, quantity }, answer);
    },
  };
}

/** Somebody asks for what he may, as far as he knows: that a deadline has passed he has not heard. */
function allowedStep(run: Run, draw: Draw): Move | undefined {
  const place = pick(places(run), draw.order);
  if (place === undefined) return undefined;
  const order = orderAt(likelyWorld(run), place);
  const choices = ACTORS.flatMap((actor) => {
    const role = roleOf(actor, order);
    const allowed = role === undefined ? [] : allowedTo(run.terms, { ...order, overdue: false }, role);
    return allowed.map((intent) => ({ actor, intent }));
  });
  // Most lives are let go on.
  const going = choices.filter(({ intent }) => intent !== 'cancellation' && intent !== 'rejection');
  const choice = pick(draw.b % 5 === 0 || going.length === 0 ? choices : going, draw.a);
  return choice && asking(run, draw, place, choice.actor, choice.intent);
}

/** Anybody asks for anything. */
function anyStep(run: Run, draw: Draw): Move | undefined {
  const place = pick(places(run), draw.order);
  const actor = pick(ACTORS, draw.a);
  const intent = pick(INTENTS, draw.b);
  if (place === undefined || actor === undefined || intent === undefined) return undefined;
  return asking(run, draw, place, actor, intent);
}

function payment(run: Run, draw: Draw): Move | undefined {
  const unpaid = places(run).filter((place) => orderAt(likelyWorld(run), place).status === 'pending_payment');
  const place = pick(unpaid, draw.order);
  if (place === undefined) return undefined;
  return asking(run, draw, place, `customer${orderAt(likelyWorld(run), place).owner}`, 'payment');
}

function asking(run: Run, draw: Draw, place: number, actor: Actor, intent: Intent): Move | undefined {
  const order = orderAt(likelyWorld(run), place);
  if (wouldGoUnpaid(order, intent)) return undefined;
  const request: Asked = {
    place,
    actor,
    intent,
    tag: tagOf(run, draw, place),
    body: bodyOf(run.terms, order, intent, actor, draw),
  };
  const text = `${actor} asks for ${intent} of order ${place} at ${request.tag ?? '*'} ${JSON.stringify(request.body)}`;
  const key = randomUUID();
  const id = run.ids[place] ?? '';
  return {
    text,
    async fire() {
      const body = await wireBody(run, id, order, request);
      const options = { token: run.tokens[actor], key, tag: request.tag === null ? '*' : `"${request.tag}"`, body };
      const again = (url: string) => step(url, id, intent, options);
      const answer = await again(urlOf(run, draw));
      note(run, text, answer);
      keepEffect(run, text, answer, again);
      return asked(run.terms, request, answer);
    },
  };
}

/** An authorization that will fail, of food that is gone then: no books can balance that. */
function wouldGoUnpaid(order: ModelOrder, intent: Intent): boolean {
  const failing = order.attempts.some(
    ({ card, status }) => card === 'card_capture_declined' && status === 'authorized',
  );
  return failing && intent === 'pickup';
}

function tagOf(run: Run, { c }: Draw, place: number): number | null {
  const current = run.versions.get(place) ?? 1;
  if (c % 8 === 0) return current + 1 - 2 * (c % 3);
  return c % 8 < 4 ? null : current;
}

/** Those after which most can happen come more often. */
const LIKELY_CARDS: readonly Card[] = [
  ...CARDS,
  ...Array.from({ length: 5 }, () => 'card_ok' as const),
  ...Array.from({ length: 2 }, () => 'card_silent' as const),
  ...Array.from({ length: 2 }, () => 'card_declined' as const),
  'card_authentication_required',
];

function bodyOf(terms: Terms, order: ModelOrder, intent: Intent, actor: Actor, { a, b, c }: Draw): AskBody {
  const total = order.quantity * terms.priceMinor;
  switch (intent) {
    case 'payment':
      return { paymentMethod: pick(LIKELY_CARDS, a) ?? 'card_ok' };
    case 'rejection':
      return a % 2 ? { soldOut: c % 2 === 0 } : {};
    case 'cancellation': {
      if (!COOKED.includes(order.status) && b % 8 > 0) return {};
      const retainMinor = pick([undefined, undefined, 1, 700, total, total + 1], c);
      return { ...(a % 2 ? { restock: a % 4 > 1 } : {}), ...(retainMinor ? { retainMinor } : {}) };
    }
    case 'pickup':
    case 'delivery':
    case 'fulfillment': {
      const given = b % 4 === 0 ? 'wrong' : 'right';
      const collects = intent === 'pickup' && actor === 'merchant';
      return collects || b % 3 === 0 ? { collectionCode: given } : {};
    }
    case 'refunds':
      return b % 2
        ? { amountMinor: pick([1, 700, terms.priceMinor || 1, total + 1], c) ?? 1 }
        : { units: { quantity: 1 + (a % 2), restock: c % 2 === 0 } };
    default:
      return {};
  }
}

/** What the model says in its own words, as it goes over the wire. */
async function wireBody(run: Run, id: string, order: ModelOrder, { body }: Asked): Promise<unknown> {
  const { collectionCode, units, ...rest } = body;
  if (units !== undefined) return { lines: [{ itemId: run.sale.items[0]?.id, ...units }] };
  if (collectionCode === undefined) return Object.keys(rest).length === 0 ? undefined : rest;
  const token = run.tokens[`customer${order.owner}`];
  const read = await send('GET', `${run.urls[0]}/api/v1/orders/${id}/collection-code`, { token });
  // An unpaid order has none; whatever is given for it is wrong.
  const code = Number(read.json?.collectionCode ?? 0);
  const given = collectionCode === 'right' ? code : (code + 1) % 1_000_000;
  return { collectionCode: String(given).padStart(6, '0') };
}

/** What is due by now has been due for a moment: an order's deadline passes, or the one of its payment. */
function deadline(run: Run, draw: Draw): Move | undefined {
  const world = likelyWorld(run);
  const waiting = places(run).filter((place) =>
    ['pending_payment', 'pending_acceptance'].includes(orderAt(world, place).status),
  );
  const place = pick(waiting, draw.order);
  if (place === undefined) return undefined;
  const text = `the deadline of order ${place} passes`;
  return {
    text,
    async fire() {
      run.trace.push(text);
      await run.database.query(
        `UPDATE orders
         SET pay_by = CASE status WHEN 'pending_payment' THEN clock_timestamp() ELSE pay_by END,
             accept_by = CASE status WHEN 'pending_acceptance' THEN clock_timestamp() ELSE accept_by END
         WHERE id = $1 AND status IN ('pending_payment', 'pending_acceptance')`,
        [run.ids[place]],
      );
      return changed((before) => passDeadline(before, place));
    },
  };
}

/** The places of orders with an attempt that fits, and the attempt's number. */
function attemptsThat(
  run: Run,
  fit: (attempt: ModelOrder['attempts'][number], order: ModelOrder) => boolean,
): { place: number; index: number }[] {
  const world = likelyWorld(run);
  return places(run).flatMap((place) => {
    const order = orderAt(world, place);
    return order.attempts.flatMap((attempt, index) => (fit(attempt, order) ? [{ place, index }] : []));
  });
}

/** The customer presses a button of the provider's page. */
function authentication(run: Run, draw: Draw): Move | undefined {
  const found = pick(
    attemptsThat(
      run,
      ({ card, provider }) => card === 'card_authentication_required' && provider === 'requires_action',
    ),
    draw.order,
  );
  if (found === undefined) return undefined;
  const { place, index } = found;
  const approved = draw.a % 3 > 0;
  const text = `the customer ${approved ? 'approves' : 'refuses'} attempt ${index} of order ${place}`;
  return {
    text,
    async fire() {
      const [payment] = await attemptIds(run, place, index);
      const page = `${urlOf(run, draw)}/sandbox/authentication/sandbox_${payment}`;
      const answer = await send('POST', `${page}/${approved ? 'approval' : 'refusal'}`);
      note(run, text, answer);
      assert.equal(answer.status, 200, answer.text);
      return changed((world) => authenticate(run.terms, world, place, index, approved));
    },
  };
}

async function attemptIds(run: Run, place: number, index: number): Promise<string[]> {
  const rows = await run.database.query<{ id: string }>(
    'SELECT id FROM payments WHERE order_id = $1 ORDER BY created_at, id LIMIT 1 OFFSET $2',
    [run.ids[place], index],
  );
  return rows.map(({ id }) => id);
}

/** A refused payment goes through at the provider after all, and the engine is told to ask. */
function refusedPaid(run: Run, draw: Draw): Move | undefined {
  const refused = attemptsThat(run, ({ status, provider }) => status === 'failed' && provider === 'failed');
  const found = pick(refused, draw.order);
  if (found === undefined) return undefined;
  const { place, index } = found;
  const text = `refused attempt ${index} of order ${place} is paid at the provider`;
  return {
    text,
    async fire() {
      run.trace.push(text);
      const [id] = await attemptIds(run, place, index);
      // The engine closes what was refused. What it has closed by now stays as it is and can be paid.
      await run.database.until(
        `SELECT 1 WHERE NOT EXISTS (SELECT FROM payment_jobs WHERE payment_id = $1 AND kind = 'cancel' AND status = 'due')`,
        [id],
      );
      await run.database.onOneConnection([
        'BEGIN',
        `UPDATE sandbox_payments
         SET status = CASE capture WHEN 'automatic' THEN 'captured' ELSE 'authorized' END, decline_code = NULL,
             captured_minor = CASE capture WHEN 'automatic' THEN amount_minor ELSE 0 END
         WHERE payment_id = '${id}'`,
        `INSERT INTO payment_jobs (id, kind, order_id, payment_id, status, run_at, created_at)
         SELECT gen_random_uuid(), 'settle', order_id, id, 'due', clock_timestamp(), clock_timestamp()
         FROM payments WHERE id = '${id}'`,
        'COMMIT',
      ]);
      return changed((world) => payAfterAll(run.terms, world, place, index));
    },
  };
}

/** Open payments whose end only the provider or the customer knows. */
const waitsForOthers = ({ status, card }: ModelOrder['attempts'][number]): boolean =>
  ['processing', 'requires_action'].includes(status) && ['card_silent', 'card_authentication_required'].includes(card);

/** A payment under way has taken its time. Alone: no charge is on its way. */
export function pin(run: Run, draw: Draw): Move | undefined {
  const found = pick(
    attemptsThat(run, (attempt, { status }) => status === 'payment_processing' && waitsForOthers(attempt)),
    draw.order,
  );
  return found && pinOf(run, found.place);
}

export function pinOf(run: Run, place: number): Move {
  const text = `the time of the payment of order ${place} is over`;
  return {
    text,
    async fire() {
      run.trace.push(text);
      await run.database.query(
        `WITH over AS (
           UPDATE orders SET settle_by = clock_timestamp() WHERE id = $1 AND status = 'payment_processing' RETURNING id
         )
         UPDATE payment_jobs SET run_at = clock_timestamp() FROM over
         WHERE order_id = over.id AND kind = 'settle' AND payment_jobs.status = 'due'`,
        [run.ids[place]],
      );
      return changed((world) => passPin(world, place));
    },
  };
}

/** A silent provider answers again. */
export function speech(run: Run, draw: Draw): Move | undefined {
  const found = pick(
    attemptsThat(run, ({ silent }) => silent),
    draw.order,
  );
  return found && speechOf(run, found.place);
}

export function speechOf(run: Run, place: number): Move {
  const text = `the provider speaks again of order ${place}`;
  return {
    text,
    async fire() {
      run.trace.push(text);
      await run.database.query('UPDATE sandbox_payments SET silent = false WHERE order_id = $1', [run.ids[place]]);
      return changed((world) => unsilence(world, place));
    },
  };
}
