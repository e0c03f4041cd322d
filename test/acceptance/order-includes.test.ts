import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newCustomer, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;
let sale: Sale;
let apiKey: string;
let staffToken: string;
let courierToken: string;
const anna = newCustomer();

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
  sale = await shop.createSale({ name: 'Lunch', items: [{ capacity: 1_000 }] });
  apiKey = await createApiKey(shop, shop.merchantId);
  staffToken = await createMember(shop, shop.merchantId, 'merchant');
  courierToken = await createMember(shop, shop.merchantId, 'courier');
});

after(async () => {
  await engines.stop();
  await database.drop();
});

const read = (path: string, token: string, headers: Record<string, string> = {}) =>
  send('GET', `${engines.url}/api/v1/orders${path}`, { token, headers });

const NEXT_ACTION = 'https://pay.example/authenticate';

/** Writes a payment that waits for the customer, with its step, as the engine would. */
async function startPayment(orderId: string): Promise<string> {
  const id = randomUUIDv7();
  await database.query(
    `INSERT INTO payments (id, order_id, provider, provider_ref, status, capture, currency, amount_minor,
                           next_action_url, created_at)
     VALUES ($1, $2, 'sandbox', 'secret-reference', 'requires_action', 'automatic', 'EUR', 1500, $3, now())`,
    [id, orderId, NEXT_ACTION],
  );
  const details = { payment: { id, status: 'requires_action', amountMinor: 1_500, nextActionUrl: NEXT_ACTION } };
  await addStep(orderId, 'payment_processing', 'order.payment_started', 'payment', details);
  return id;
}

async function addStep(orderId: string, status: string, type: string, cause: string, details: unknown, role = 'owner') {
  await database.query(
    `WITH stepped AS (
       UPDATE orders SET version = version + 1, status = $2::order_status, settle_by = now() + interval '1 hour',
                         accept_by = now() + interval '1 hour'
       WHERE id = $1 RETURNING version, customer_id
     )
     INSERT INTO order_events (order_id, version, type, status, occurred_at, actor_id, actor_role, request_id, cause,
                               operation, idempotency_key, fingerprint, details)
     SELECT $1, version, $3, $2::order_status, now(), customer_id, $6, 'secret-request', $4, $4, 'secret-key-' || version,
            '\\x00', $5::json FROM stepped`,
    [orderId, status, type, cause, JSON.stringify(details), role],
  );
}

async function orderOf(customer: { token: string }): Promise<string> {
  const order = await shop.order(sale, { token: customer.token });
  assert.equal(order.status, 201, order.text);
  return order.json.id;
}

test('INC-01 an unknown include is 400 and named, on one order and on lists; naming one twice is fine', async () => {
  const id = await orderOf(anna);
  for (const path of [`/${id}?include=payments,colour`, '?include=payments,colour', '?include=', '?include=Payments']) {
    const answer = await read(path, anna.token);
    assert.equal(answer.status, 400, path);
    assert.equal(answer.json.code, 'validation-failed');
    assert.equal(answer.json.errors[0].pointer, '/include');
    assert.equal(answer.json.errors[0].in, 'query');
  }
  assert.match((await read(`/${id}?include=colour`, anna.token)).json.errors[0].detail, /"colour"/);
  const twice = await read(`/${id}?include=lines,refunds,lines,refunds`, anna.token);
  assert.equal(twice.status, 200);
  assert.deepEqual(twice.json.refunds, []);
  assert.deepEqual(Object.keys(twice.json).slice(-1), ['refunds'], 'nothing else is included');
});

test('INC-01 an order with everything included: the same from the list and from a GET of it', async () => {
  const berta = newCustomer();
  const id = await orderOf(berta);
  const paymentId = await startPayment(id);
  const refundId = randomUUIDv7();
  const lines = [{ itemId: sale.items[0]?.id, quantity: 1, restocked: 0 }];
  await database.query(
    `INSERT INTO refunds (id, order_id, payment_id, provider_ref, status, amount_minor, cause, lines, created_at)
     VALUES ($1, $2, $3, 'secret-reference', 'pending', 700, 'requested', $4, now())`,
    [refundId, id, paymentId, JSON.stringify(lines)],
  );

  const everything = 'include=lines,payments,refunds,history,sale';
  const one = await read(`/${id}?${everything}`, berta.token);
  assert.equal(one.status, 200, one.text);
  const { payments, refunds, history, sale: shownSale } = one.json;
  assert.deepEqual(
    { ...payments[0], createdAt: undefined },
    {
      id: paymentId,
      status: 'requires_action',
      amountMinor: 1_500,
      capturedMinor: 0,
      currency: 'EUR',
      provider: 'sandbox',
      nextAction: { type: 'redirect', url: NEXT_ACTION },
      declineCode: null,
      createdAt: undefined,
      settledAt: null,
    },
  );
  assert.deepEqual(
    { ...refunds[0], createdAt: undefined },
    {
      id: refundId,
      paymentId,
      status: 'pending',
      amountMinor: 700,
      cause: 'requested',
      reason: null,
      lines,
      createdAt: undefined,
      settledAt: null,
    },
  );
  assert.deepEqual(
    history.map(({ version, type, status, by, cause }: Record<string, unknown>) => [version, type, status, by, cause]),
    [
      [1, 'order.placed', 'pending_payment', 'customer', null],
      [2, 'order.payment_started', 'payment_processing', 'customer', 'payment'],
    ],
  );
  assert.equal(history[1].details.payment.nextActionUrl, NEXT_ACTION);
  assert.deepEqual(Object.keys(shownSale), [
    'id',
    'merchantId',
    'name',
    'currency',
    'fulfillment',
    'opensAt',
    'closesAt',
  ]);
  assert.deepEqual([shownSale.id, shownSale.name], [sale.id, 'Lunch']);
  assert.doesNotMatch(one.text, /secret-/, 'no keys, no request ids, no references of the provider');

  const list = await read(`?${everything}`, berta.token);
  assert.deepEqual(list.json.data, [one.json]);
});

test('INC-01 included objects obey the same authorization: where to authenticate is for the owner alone', async () => {
  const carl = newCustomer();
  const id = await orderOf(carl);
  await startPayment(id);
  const path = `/${id}?include=payments,history`;
  for (const token of [staffToken, shop.operatorToken, apiKey]) {
    const answer = await read(path, token);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.payments[0].nextAction, null);
    assert.equal(answer.json.history[1].details.payment.nextActionUrl, null);
    assert.doesNotMatch(answer.text, /pay\.example/);
    const list = await read(`?include=payments,history&saleId=${sale.id}&limit=100`, token);
    const shown = list.json.data.find((order: { id: string }) => order.id === id);
    assert.deepEqual(shown, answer.json);
  }
  const others = [newCustomer().token, courierToken, await createMember(shop, await createMerchant(shop), 'merchant')];
  const unknown = await read(`/${randomUUID()}?include=payments,history`, carl.token);
  for (const token of others) {
    const answer = await read(path, token);
    assert.deepEqual([answer.status, answer.json.code], [404, unknown.json.code]);
  }
});

test('the owner of an order that a shop placed for its customer is the shop', async () => {
  const placed = await shop.order(sale, {
    token: apiKey,
    body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }], onBehalfOf: 'customer 7' },
  });
  assert.equal(placed.status, 201, placed.text);
  await startPayment(placed.json.id);
  const asShop = await read(`/${placed.json.id}?include=payments,history`, apiKey);
  assert.equal(asShop.json.payments[0].nextAction.url, NEXT_ACTION);
  assert.equal(asShop.json.history[0].by, 'merchant');
  const asStaff = await read(`/${placed.json.id}?include=payments`, staffToken);
  assert.equal(asStaff.json.payments[0].nextAction, null);
});

test('CR-01 an include keeps the ETag of the order and its 304, but for the sale, which is never kept', async () => {
  const id = await orderOf(anna);
  const { headers } = await read(`/${id}`, anna.token);
  const tag = headers.get('etag') ?? '';
  assert.equal(headers.get('cache-control'), 'private, no-cache');
  const fresh = await read(`/${id}?include=payments,refunds,history`, anna.token, { 'if-none-match': tag });
  assert.equal(fresh.status, 304);
  const withSale = await read(`/${id}?include=payments,sale`, anna.token, { 'if-none-match': tag });
  assert.equal(withSale.status, 200);
  assert.equal(withSale.headers.get('etag'), tag);
  assert.equal(withSale.headers.get('cache-control'), 'no-store');
  assert.equal((await read('?include=sale', anna.token)).headers.get('cache-control'), 'no-store');
});

test('payBy is shown while an order is unpaid, acceptBy while it waits for the kitchen', async () => {
  const id = await orderOf(anna);
  const deadlines = async () => {
    const { payBy, acceptBy } = (await read(`/${id}`, anna.token)).json;
    return [payBy !== null, acceptBy !== null];
  };
  assert.deepEqual(await deadlines(), [true, false]);
  for (const [status, shown] of [
    ['payment_processing', [true, false]],
    ['pending_acceptance', [false, true]],
    ['preparing', [false, false]],
  ] as const) {
    await addStep(id, status, 'order.tested', 'test', {}, 'system');
    assert.deepEqual(await deadlines(), shown, status);
  }
});

test('a courier sees an order while it is ready for pickup or in transit, and only its merchants’ orders', async () => {
  const dora = newCustomer();
  const id = await orderOf(dora);
  const stranger = await createMember(shop, await createMerchant(shop), 'courier');
  for (const [status, seen] of [
    ['preparing', 404],
    ['ready_for_pickup', 200],
    ['in_transit', 200],
    ['completed', 404],
  ] as const) {
    await addStep(id, status, 'order.tested', 'test', {}, 'system');
    assert.equal((await read(`/${id}`, courierToken)).status, seen, status);
    assert.equal((await read(`/${id}`, stranger)).status, 404, status);
    const list = await read('', courierToken);
    assert.equal(list.json.data.length, seen === 200 ? 1 : 0, status);
    assert.equal((await read('', stranger)).json.data.length, 0);
  }
});

test('the collection code is for the owner, from payment to handing over', async () => {
  const emil = newCustomer();
  const id = await orderOf(emil);
  const path = `/${id}/collection-code`;
  const early = await read(path, emil.token);
  assert.equal(early.status, 409, early.text);
  assert.equal(early.json.code, 'order-step-not-allowed');
  assert.deepEqual([early.json.status, early.json.orderStatus, early.json.allowed], [409, 'pending_payment', []]);
  const codes = new Set<string>();
  for (const status of ['confirmed', 'pending_acceptance', 'preparing', 'ready_for_pickup', 'in_transit']) {
    await addStep(id, status, 'order.tested', 'test', {}, 'system');
    const answer = await read(path, emil.token);
    assert.equal(answer.status, 200, status);
    assert.match(answer.json.collectionCode, /^\d{6}$/);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    codes.add(answer.json.collectionCode);
  }
  assert.equal(codes.size, 1);
  for (const token of [staffToken, shop.operatorToken, courierToken, apiKey]) {
    assert.equal((await read(path, token)).status, 403);
  }
  assert.equal((await read(path, anna.token)).status, 404);
  await addStep(id, 'completed', 'order.tested', 'test', {}, 'system');
  assert.equal((await read(path, emil.token)).status, 409);
});
