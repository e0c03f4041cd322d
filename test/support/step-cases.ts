import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Answer, newCustomer, type RequestOptions, send } from './client.ts';
import type { TestDatabase } from './database.ts';
import { createPeople, type People, pay, placeOrder, step, type TestOrder } from './orders.ts';
import type { Sale, SaleTerms, Shop } from './shop.ts';
import { createApiKey } from './staff.ts';

export type Status =
  | 'pending_payment'
  | 'payment_processing'
  | 'confirmed'
  | 'pending_acceptance'
  | 'preparing'
  | 'ready_for_pickup'
  | 'in_transit'
  | 'completed'
  | 'cancelled'
  | 'rejected'
  | 'expired';

/** Everybody who makes steps: people, and the merchant's own back end. */
export interface Crew extends People {
  readonly apiKey: string;
}

export type Actor = 'owner' | keyof Crew;

export async function createCrew(shop: Shop): Promise<Crew> {
  return { ...(await createPeople(shop)), apiKey: await createApiKey(shop, shop.merchantId) };
}

/** One step that succeeds: who asks for it, of an order in which status, with which body. */
export interface StepCase {
  readonly name: string;
  readonly intent: string;
  readonly fulfillment: 'direct' | 'kitchen';
  readonly from: Status;
  readonly by: Actor;
  readonly body?: (order: ReadyOrder) => unknown;
  /** How it is answered. */
  readonly status: number;
}

/** An order at the point where its case begins. */
export interface ReadyOrder extends TestOrder {
  readonly itemId: string;
  /** By which it is handed over; empty where its status has none. */
  readonly collectionCode: string;
}

const code = ({ collectionCode }: ReadyOrder) => ({ collectionCode });
const card = (paymentMethod: string) => () => ({ paymentMethod });

/** Every intent in every way in which it can succeed, and the refused payment, which is an effect as well. */
export const STEP_CASES: readonly StepCase[] = [
  ...(['direct', 'kitchen'] as const).flatMap((fulfillment): StepCase[] => {
    const unpaid = { intent: 'payment', fulfillment, from: 'pending_payment', by: 'owner' } as const;
    return [
      { ...unpaid, name: `a payment (${fulfillment})`, body: card('card_ok'), status: 200 },
      { ...unpaid, name: `a refused payment (${fulfillment})`, body: card('card_declined'), status: 402 },
    ];
  }),
  {
    name: 'a payment that the customer must approve',
    intent: 'payment',
    fulfillment: 'direct',
    from: 'pending_payment',
    by: 'owner',
    body: () => ({ paymentMethod: 'card_authentication_required', returnUrl: 'https://shop.example/back' }),
    status: 202,
  },
  kitchen('acceptance', 'pending_acceptance', 'merchant'),
  kitchen('rejection', 'pending_acceptance', 'merchant', () => ({ reason: 'no dough', soldOut: true })),
  kitchen('preparation', 'preparing', 'merchant'),
  kitchen('pickup', 'ready_for_pickup', 'courier'),
  kitchen('pickup', 'ready_for_pickup', 'merchant', code),
  kitchen('pickup', 'ready_for_pickup', 'apiKey'),
  kitchen('delivery', 'in_transit', 'courier'),
  kitchen('delivery', 'in_transit', 'courier', code),
  kitchen('delivery', 'in_transit', 'apiKey'),
  direct('fulfillment', 'confirmed', 'merchant'),
  direct('fulfillment', 'confirmed', 'apiKey', code),
  direct('cancellation', 'pending_payment', 'owner'),
  direct('cancellation', 'confirmed', 'owner', () => ({ reason: 'changed my mind' })),
  kitchen('cancellation', 'pending_acceptance', 'apiKey'),
  kitchen('cancellation', 'preparing', 'merchant', () => ({ restock: true, retainMinor: 400 })),
  kitchen('cancellation', 'in_transit', 'operator'),
  refunds('merchant', ({ itemId }) => ({ lines: [{ itemId, quantity: 1, restock: true }], reason: 'broken' })),
  refunds('operator', () => ({ amountMinor: 250 })),
  direct('reinstatement', 'expired', 'operator'),
];

function kitchen(intent: string, from: Status, by: Actor, body?: StepCase['body']): StepCase {
  return { ...named(intent, from, by, body), fulfillment: 'kitchen', status: 200 };
}

function direct(intent: string, from: Status, by: Actor, body?: StepCase['body']): StepCase {
  return { ...named(intent, from, by, body), fulfillment: 'direct', status: 200 };
}

function refunds(by: Actor, body: NonNullable<StepCase['body']>): StepCase {
  return { ...named('refunds', 'confirmed', by, body), fulfillment: 'direct', status: 201 };
}

function named(intent: string, from: Status, by: Actor, body: StepCase['body']) {
  const name = `${intent} of an order that is ${from}, by ${by}${body === undefined ? '' : ', with a body'}`;
  return { name, intent, from, by, ...(body === undefined ? {} : { body }) };
}

/** The steps that lead from placing to a status. */
const WAYS: Readonly<Record<'direct' | 'kitchen', Partial<Record<Status, readonly [intent: string, by: Actor][]>>>> = {
  direct: {
    confirmed: [['payment', 'owner']],
    completed: [
      ['payment', 'owner'],
      ['fulfillment', 'merchant'],
    ],
    cancelled: [['cancellation', 'operator']],
  },
  kitchen: {
    pending_acceptance: [['payment', 'owner']],
    rejected: [
      ['payment', 'owner'],
      ['rejection', 'merchant'],
    ],
    ...kitchenWays(),
    cancelled: [['cancellation', 'operator']],
  },
};

function kitchenWays(): Partial<Record<Status, readonly [string, Actor][]>> {
  const steps = [
    ['payment', 'owner'],
    ['acceptance', 'merchant'],
    ['preparation', 'merchant'],
    ['pickup', 'courier'],
    ['delivery', 'courier'],
  ] as [string, Actor][];
  return {
    preparing: steps.slice(0, 2),
    ready_for_pickup: steps.slice(0, 3),
    in_transit: steps.slice(0, 4),
    completed: steps,
  };
}

/** From payment to handing over. */
const WITH_CODE: readonly Status[] = ['confirmed', 'pending_acceptance', 'preparing', 'ready_for_pickup', 'in_transit'];

/** Makes orders and walks them to where a test begins. */
export interface Walker {
  /** An order of two units in a sale of its own, in a status, with its money at rest. */
  orderIn(status: Status, fulfillment?: 'direct' | 'kitchen', options?: OrderOptions): Promise<ReadyOrder>;
  tokenOf(actor: Actor, order: Pick<TestOrder, 'customer'>): string;
  /** An order for a case, and the request that makes its step. */
  ready(stepCase: StepCase): Promise<{ order: ReadyOrder; request: RequestOptions }>;
}

export interface OrderOptions {
  readonly terms?: SaleTerms;
  readonly customer?: TestOrder['customer'];
  /** Instead of placing an order as a customer. */
  readonly place?: (sale: Sale) => Promise<TestOrder>;
}

export function createWalker(database: TestDatabase, shop: Shop, crew: Crew): Walker {
  const tokenOf: Walker['tokenOf'] = (actor, order) => (actor === 'owner' ? order.customer.token : crew[actor]);

  async function orderIn(
    status: Status,
    fulfillment: 'direct' | 'kitchen' = 'direct',
    { terms, customer = newCustomer(), place }: OrderOptions = {},
  ): Promise<ReadyOrder> {
    const sale = await shop.createSale({ fulfillment, ...terms });
    const placed = await (place ?? ((its) => placeOrder(shop, its, { customer, quantity: 2 })))(sale);
    for (const [intent, by] of WAYS[fulfillment][status] ?? []) {
      const body = intent === 'payment' ? { body: { paymentMethod: 'card_ok' } } : {};
      const answer = await step(shop.url, placed.id, intent, { token: tokenOf(by, placed), ...body });
      assert.equal(answer.status, 200, answer.text);
    }
    if (status === 'expired') await expire(database, placed.id);
    await untilMoneyOfOrderRests(database, placed.id);
    const { collectionCode = '' } = WITH_CODE.includes(status) ? (await readCode(placed)).json : {};
    return { ...placed, itemId: sale.items[0]?.id ?? '', collectionCode };
  }

  function readCode({ id, customer }: TestOrder): Promise<Answer> {
    return send('GET', `${shop.url}/api/v1/orders/${id}/collection-code`, { token: customer.token });
  }

  return {
    orderIn,
    tokenOf,
    async ready({ from, fulfillment, by, body }) {
      const order = await orderIn(from, fulfillment);
      const request = { token: tokenOf(by, order), key: randomUUID() };
      return { order, request: body === undefined ? request : { ...request, body: body(order) } };
    },
  };
}

/** Moves an order's time to pay to the past and waits for the sweeper. */
async function expire(database: TestDatabase, orderId: string): Promise<void> {
  await database.query('UPDATE orders SET pay_by = clock_timestamp() WHERE id = $1', [orderId]);
  await database.until(`SELECT id FROM orders WHERE id = $1 AND status = 'expired'`, [orderId]);
}

/** Resolves when what the steps of one order have caused at the provider is carried out. */
export async function untilMoneyOfOrderRests(database: TestDatabase, orderId: string): Promise<void> {
  await database.until(
    `SELECT 1 WHERE NOT EXISTS (
       SELECT FROM payment_jobs WHERE order_id = $1 AND status = 'due' AND kind <> 'settle'
     )`,
    [orderId],
  );
}

/**
 * All that there is of an order: its row and history, lines, stock, units, money, what is due, and the provider's books.
 * Two that are equal mean that nothing happened in between.
 */
export async function effectsOn(database: TestDatabase, orderId: string): Promise<unknown> {
  const [row] = await database.query<{ effects: unknown }>(
    `SELECT json_build_object(
       'order', to_json(orders),
       'sale', (SELECT to_json(sales) FROM sales WHERE id = orders.sale_id),
       'history', (SELECT json_agg(each ORDER BY version) FROM order_events AS each WHERE order_id = orders.id),
       'lines', (SELECT json_agg(each ORDER BY item_id) FROM order_lines AS each WHERE order_id = orders.id),
       'items', (SELECT json_agg(each ORDER BY id) FROM items AS each WHERE sale_id = orders.sale_id),
       'payments', (SELECT json_agg(each ORDER BY id) FROM payments AS each WHERE order_id = orders.id),
       'refunds', (SELECT json_agg(each ORDER BY id) FROM refunds AS each WHERE order_id = orders.id),
       'retained', (SELECT json_agg(each ORDER BY version) FROM retained_amounts AS each WHERE order_id = orders.id),
       'jobs', (SELECT json_agg(kind ORDER BY id) FROM payment_jobs WHERE order_id = orders.id),
       'charges', (SELECT json_agg(each ORDER BY payment_id) FROM sandbox_payments AS each WHERE order_id = orders.id),
       'givenBack', (
         SELECT json_agg(each ORDER BY refund_id) FROM sandbox_refunds AS each
         JOIN sandbox_payments USING (payment_id) WHERE order_id = orders.id
       )
     ) AS effects FROM orders WHERE id = $1`,
    [orderId],
  );
  return row?.effects;
}

/** How many steps of an order were made under a key. */
export async function stepsUnder(database: TestDatabase, orderId: string, key: string): Promise<number> {
  const [row] = await database.query<{ steps: number }>(
    'SELECT count(*)::int AS steps FROM order_events WHERE order_id = $1 AND idempotency_key = $2',
    [orderId, key],
  );
  return row?.steps ?? 0;
}

/** Demands the answer to an earlier request: the same but for what is this exchange's own, and marked. */
export function assertReplay(answer: Answer, first: Answer, message: string): void {
  assert.deepEqual(
    [answer.status, answer.headers.get('idempotent-replayed'), answer.text],
    [first.status, 'true', first.text],
    message,
  );
  for (const name of ['location', 'etag', 'content-type']) {
    assert.equal(answer.headers.get(name), first.headers.get(name), `${message}: ${name}`);
  }
  assert.notEqual(answer.headers.get('request-id'), first.headers.get('request-id'), message);
}

/** How many answers had which status. */
export function countStatuses(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Pays, and demands that it worked. */
export async function mustPay(url: string, order: TestOrder): Promise<Answer> {
  const answer = await pay(url, order);
  assert.equal(answer.status, 200, answer.text);
  return answer;
}
