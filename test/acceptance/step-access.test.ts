import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { readOrder, step, type TestOrder } from '../support/orders.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';
import {
  type Crew,
  createCrew,
  createWalker,
  effectsOn,
  type ReadyOrder,
  type Status,
  type Walker,
} from '../support/step-cases.ts';

const stage = createStage({ after });
let database: TestDatabase;
/** The addresses of two engine processes on one PostgreSQL. */
let urls: readonly [string, string];
let shop: Shop;
let crew: Crew;
let walker: Walker;
let strangers: Readonly<Record<Stranger, string>>;

const STRANGERS = ['other customer', "other merchant's member", 'other courier', 'other API key'] as const;
const ROLES = ['owner', 'merchant', 'courier', 'operator', 'apiKey', ...STRANGERS, 'nobody'] as const;
type Stranger = (typeof STRANGERS)[number];
type Role = (typeof ROLES)[number];

before(async () => {
  database = await stage.database();
  stage.atEnd(() => assertLedgerSound(database));
  const engines = await stage.engines({ DATABASE_URL: database.url });
  urls = engines.urls;
  shop = await createShop(engines.url);
  crew = await createCrew(shop);
  walker = createWalker(database, shop, crew);
  const other = await createMerchant(shop);
  strangers = {
    'other customer': newCustomer().token,
    "other merchant's member": await createMember(shop, other, 'merchant'),
    'other courier': await createMember(shop, other, 'courier'),
    'other API key': await createApiKey(shop, other),
  };
});

const isStranger = (role: Role): role is Stranger => STRANGERS.some((stranger) => stranger === role);

function tokenOf(role: Role, order: TestOrder): string | undefined {
  if (role === 'nobody') return undefined;
  return isStranger(role) ? strangers[role] : walker.tokenOf(role, order);
}

/** An operation on one order, and who may ask for it. */
interface Row {
  /** An order on which it succeeds, for whoever may. */
  readonly from: readonly [Status, 'direct' | 'kitchen'];
  readonly may: readonly Role[];
  readonly body?: (role: Role, order: ReadyOrder) => unknown;
  readonly success: 200 | 201;
}

const PEOPLE_AROUND = ['owner', 'merchant', 'courier', 'operator', 'apiKey'] as const;
const SHOP = ['merchant', 'apiKey'] as const;

/** Every operation of the document on one order. Whoever sees the order but is not named gets 403. */
const ROWS: Readonly<Record<string, Row>> = {
  'GET /api/v1/orders/{orderId}': { from: ['in_transit', 'kitchen'], may: PEOPLE_AROUND, success: 200 },
  'GET /api/v1/orders/{orderId}/events': {
    from: ['in_transit', 'kitchen'],
    may: PEOPLE_AROUND,
    success: 200,
  },
  'GET /api/v1/orders/{orderId}/collection-code': { from: ['in_transit', 'kitchen'], may: ['owner'], success: 200 },
  'POST /api/v1/orders/{orderId}/payment': {
    from: ['pending_payment', 'direct'],
    may: ['owner'],
    body: () => ({ paymentMethod: 'card_ok' }),
    success: 200,
  },
  'POST /api/v1/orders/{orderId}/acceptance': { from: ['pending_acceptance', 'kitchen'], may: SHOP, success: 200 },
  'POST /api/v1/orders/{orderId}/rejection': { from: ['pending_acceptance', 'kitchen'], may: SHOP, success: 200 },
  'POST /api/v1/orders/{orderId}/preparation': { from: ['preparing', 'kitchen'], may: SHOP, success: 200 },
  'POST /api/v1/orders/{orderId}/pickup': {
    from: ['ready_for_pickup', 'kitchen'],
    may: ['merchant', 'courier', 'apiKey'],
    // A member hands the order to the customer, who shows the code; a courier takes it away.
    body: (role, { collectionCode }) => (role === 'merchant' ? { collectionCode } : {}),
    success: 200,
  },
  'POST /api/v1/orders/{orderId}/delivery': {
    from: ['in_transit', 'kitchen'],
    may: ['courier', 'apiKey'],
    success: 200,
  },
  'POST /api/v1/orders/{orderId}/fulfillment': { from: ['confirmed', 'direct'], may: SHOP, success: 200 },
  'POST /api/v1/orders/{orderId}/cancellation': {
    from: ['pending_payment', 'direct'],
    may: ['owner', 'merchant', 'operator', 'apiKey'],
    success: 200,
  },
  'POST /api/v1/orders/{orderId}/refunds': {
    from: ['confirmed', 'direct'],
    may: ['merchant', 'operator', 'apiKey'],
    body: () => ({ amountMinor: 1 }),
    success: 201,
  },
  'POST /api/v1/orders/{orderId}/reinstatement': { from: ['expired', 'direct'], may: ['operator'], success: 200 },
};

/** Operations on orders that are not about a given one. */
const OTHERS = ['GET /api/v1/orders', 'GET /api/v1/orders/export', 'POST /api/v1/orders'];

test('every operation on orders of /openapi.json has its row in this table, and the other way round', async () => {
  const document = await send('GET', `${urls[0]}/openapi.json`);
  assert.equal(document.status, 200);
  const paths = document.json.paths as Record<string, Record<string, { security: unknown[] }>>;
  const operations = Object.entries(paths)
    .filter(([path]) => path.startsWith('/api/v1/orders') || path.includes('{orderId}'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => ({ path, method, security })),
    );
  assert.deepEqual(
    operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort(),
    [...Object.keys(ROWS), ...OTHERS].sort(),
  );
  for (const { path, method, security } of operations) assert.ok(security.length > 0, `${method} ${path}`);
});

const DELIVERABLE: readonly Status[] = ['ready_for_pickup', 'in_transit'];

function sees(role: Role, status: Status): boolean {
  if (role === 'courier') return DELIVERABLE.includes(status);
  return role !== 'nobody' && !isStranger(role);
}

async function call(name: string, role: Role, order: ReadyOrder, orderId = order.id): Promise<Answer> {
  const [method = '', path = ''] = name.split(' ');
  const { body } = ROWS[name] ?? {};
  const token = tokenOf(role, order);
  return send(method, `${urls[role === 'owner' ? 0 : 1]}${path.replace('{orderId}', orderId)}`, {
    ...(token === undefined ? {} : { token }),
    endless: path.endsWith('/events'),
    ...(method === 'POST' ? { key: randomUUID(), headers: { 'if-match': '*' } } : {}),
    ...(body === undefined ? {} : { body: body(role, order) }),
  });
}

/** What a caller can learn from an answer: all of it but what is this exchange's own. */
function seenIn({ status, headers, json }: Answer): unknown {
  const { requestId, ...rest } = json;
  return [status, [...headers.keys()].sort(), headers.get('www-authenticate'), rest];
}

/** Demands what a role must get that may not do this: 401, the answer for an unknown id, or 403. */
async function assertRefused(name: string, role: Role, order: ReadyOrder, status: Status): Promise<void> {
  const answer = await call(name, role, order);
  const message = `${name} by ${role}, of an order that is ${status}: ${answer.status} ${answer.text}`;
  if (role === 'nobody') assert.deepEqual([answer.status, answer.json.code], [401, 'unauthenticated'], message);
  else if (sees(role, status)) assert.deepEqual([answer.status, answer.json.code], [403, 'forbidden'], message);
  else assert.deepEqual([answer.status, answer.json.code], [404, 'not-found'], message);
  // Whatever is refused for who asks tells nothing of the order.
  for (const word of ['allowed', 'orderStatus', 'version']) assert.ok(!(word in answer.json), message);
  assert.equal(answer.headers.get('etag'), null, message);
  if (answer.status === 403) return;
  assert.deepEqual(seenIn(answer), seenIn(await call(name, role, order, randomUUID())), message);
}

for (const [name, { from, may, success }] of Object.entries(ROWS)) {
  test(`${name}: who may does it; who sees the order gets 403; SEC-01 to all others it is an unknown id; nobody 401`, async () => {
    const [status, fulfillment] = from;
    for (const role of may.filter((each) => sees(each, status))) {
      const order = await walker.orderIn(status, fulfillment);
      const answer = await call(name, role, order);
      assert.equal(answer.status, success, `${role}: ${answer.text}`);
    }
    const refused = ROLES.filter((role) => !may.includes(role));
    const statuses = new Map<Status, 'direct' | 'kitchen'>([from, ['ready_for_pickup', 'kitchen']]);
    for (const [each, its] of statuses) {
      const order = await walker.orderIn(each, its);
      const before = await effectsOn(database, order.id);
      for (const role of refused) await assertRefused(name, role, order, each);
      assert.deepEqual(await effectsOn(database, order.id), before);
    }
  });
}

test('couriers see orders only while they are ready or in transit: in any other status every operation is an unknown id', async () => {
  const kitchen: Status[] = [
    'pending_payment',
    'pending_acceptance',
    'preparing',
    'completed',
    'cancelled',
    'rejected',
  ];
  for (const status of [...kitchen, 'expired', ...DELIVERABLE] as Status[]) {
    const order = await walker.orderIn(status, 'kitchen');
    const read = await readOrder(urls[0], order, crew.courier);
    assert.equal(read.status, DELIVERABLE.includes(status) ? 200 : 404, status);
    const head = await send('HEAD', `${urls[1]}/api/v1/orders/${order.id}`, { token: crew.courier });
    assert.equal(head.status, read.status, status);
    if (DELIVERABLE.includes(status)) continue;
    for (const name of Object.keys(ROWS)) await assertRefused(name, 'courier', order, status);
  }
});

test('a stranger learns nothing by conditions and keys either: not 304, 412, 428 nor 422, but an unknown id', async () => {
  const order = await walker.orderIn('pending_payment');
  const key = randomUUID();
  const url = `${urls[0]}/api/v1/orders/${order.id}`;
  assert.equal((await step(urls[0], order.id, 'cancellation', { token: order.customer.token, key })).status, 200);
  for (const token of Object.values(strangers)) {
    const answers = [
      await send('GET', url, { token, headers: { 'if-none-match': '*' } }),
      await send('HEAD', url, { token }),
      await step(urls[0], order.id, 'cancellation', { token, key }),
      await step(urls[1], order.id, 'cancellation', { token, key, body: { reason: 'another body' } }),
      await step(urls[0], order.id, 'cancellation', { token, tag: null }),
      await step(urls[0], order.id, 'cancellation', { token, tag: '"0"' }),
      await step(urls[0], order.id, 'cancellation', { token, key: '' }),
    ];
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [404]);
  }
});

test("the merchant's back end owns what it orders: it pays and reads the code; a member of the merchant does neither", async () => {
  const place = async (sale: Sale): Promise<TestOrder> => {
    const body = { saleId: sale.id, onBehalfOf: randomUUID(), lines: [{ itemId: sale.items[0]?.id, quantity: 2 }] };
    const placed = await send('POST', `${urls[0]}/api/v1/orders`, { token: crew.apiKey, key: 'auto', body });
    assert.equal(placed.status, 201, placed.text);
    return { id: placed.json.id, customer: { id: placed.json.userId, token: crew.apiKey }, sale };
  };
  const unpaid = await walker.orderIn('pending_payment', 'kitchen', { place });
  const paid = await walker.orderIn('ready_for_pickup', 'kitchen', { place });
  const payment = 'POST /api/v1/orders/{orderId}/payment';
  const code = 'GET /api/v1/orders/{orderId}/collection-code';
  for (const role of ROLES.filter((each) => each !== 'owner' && each !== 'apiKey')) {
    await assertRefused(payment, role, unpaid, 'pending_payment');
    await assertRefused(code, role, paid, 'ready_for_pickup');
  }
  assert.equal((await call(payment, 'apiKey', unpaid)).status, 200);
  assert.match((await call(code, 'apiKey', paid)).json.collectionCode, /^\d{6}$/);
});

/** Who sees which of an unpaid and a prepared order in lists. */
const LISTED: Readonly<Record<Exclude<Role, 'nobody'>, readonly ('unpaid' | 'prepared')[]>> = {
  owner: ['unpaid', 'prepared'],
  merchant: ['unpaid', 'prepared'],
  courier: ['prepared'],
  operator: ['unpaid', 'prepared'],
  apiKey: ['unpaid', 'prepared'],
  'other customer': [],
  "other merchant's member": [],
  'other courier': [],
  'other API key': [],
};

test('lists and exports show each role the orders that it sees one by one, and no other', async () => {
  const customer = newCustomer();
  const orders = {
    unpaid: await walker.orderIn('pending_payment', 'kitchen', { customer }),
    prepared: await walker.orderIn('ready_for_pickup', 'kitchen', { customer }),
  };
  for (const role of ROLES) {
    const token = tokenOf(role, orders.unpaid);
    const asked = token === undefined ? {} : { token };
    const list = await send('GET', `${urls[0]}/api/v1/orders?limit=100`, asked);
    const exported = await send('GET', `${urls[1]}/api/v1/orders/export`, asked);
    if (role === 'nobody') {
      assert.deepEqual([list.status, exported.status], [401, 401]);
      continue;
    }
    assert.deepEqual([list.status, exported.status], [200, 200], role);
    for (const name of ['unpaid', 'prepared'] as const) {
      const visible = LISTED[role].includes(name);
      assert.equal(list.text.includes(orders[name].id), visible, `${role}: list, ${name}`);
      assert.equal(exported.text.includes(orders[name].id), visible, `${role}: export, ${name}`);
    }
    if (role !== 'courier') continue;
    for (const { status } of list.json.data) assert.ok(DELIVERABLE.includes(status), status);
  }
});

test('the collection code is one and the same on both processes, another for each order, and there only between payment and handing over', async () => {
  const read = (order: TestOrder, url = urls[0]) =>
    send('GET', `${url}/api/v1/orders/${order.id}/collection-code`, { token: order.customer.token });
  const [one, two] = [await walker.orderIn('confirmed'), await walker.orderIn('confirmed')];
  const codes = [await read(one), await read(one, urls[1]), await read(two)];
  assert.deepEqual(
    codes.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(codes[0]?.headers.get('cache-control'), 'no-store');
  assert.equal(codes[0]?.json.collectionCode, codes[1]?.json.collectionCode);
  const others = await Promise.all(
    Array.from({ length: 3 }, async () => (await walker.orderIn('confirmed')).collectionCode),
  );
  assert.ok(new Set([one.collectionCode, two.collectionCode, ...others]).size > 1);
  for (const [status, fulfillment] of [
    ['pending_payment', 'direct'],
    ['completed', 'direct'],
    ['cancelled', 'direct'],
    ['expired', 'direct'],
    ['rejected', 'kitchen'],
  ] as const) {
    const answer = await read(await walker.orderIn(status, fulfillment));
    assert.deepEqual(
      [answer.status, answer.json.code, answer.json.orderStatus],
      [409, 'order-step-not-allowed', status],
    );
  }
});

const another = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

for (const [intent, status, fulfillment, role] of [
  ['pickup', 'ready_for_pickup', 'kitchen', 'merchant'],
  ['pickup', 'ready_for_pickup', 'kitchen', 'apiKey'],
  ['delivery', 'in_transit', 'kitchen', 'courier'],
  ['delivery', 'in_transit', 'kitchen', 'apiKey'],
  ['fulfillment', 'confirmed', 'direct', 'merchant'],
] as const) {
  test(`/${intent} by ${role}: a wrong collection code is 409 and changes nothing, the right one completes the order`, async () => {
    const order = await walker.orderIn(status, fulfillment);
    const foreign = await walker.orderIn('confirmed');
    const before = await effectsOn(database, order.id);
    const key = randomUUID();
    const show = (collectionCode: unknown) =>
      step(urls[0], order.id, intent, { token: walker.tokenOf(role, order), key, body: { collectionCode } });
    const wrong = [another(order.collectionCode), foreign.collectionCode];
    for (const code of wrong.filter((each) => each !== order.collectionCode)) {
      const answer = await show(code);
      assert.deepEqual([answer.status, answer.json.code], [409, 'collection-code-wrong'], answer.text);
      assert.ok(!answer.text.includes(order.collectionCode));
      assert.equal(answer.headers.get('etag'), null);
    }
    for (const code of ['', '12345', '1234567', 'abcdef', 123456, null, '１２３４５６', `${order.collectionCode}\n`]) {
      assert.equal((await show(code)).json.code, 'validation-failed', String(code));
    }
    assert.deepEqual(await effectsOn(database, order.id), before);
    const completed = await show(order.collectionCode);
    assert.deepEqual([completed.status, completed.json.status], [200, 'completed'], completed.text);
    assert.ok(!completed.text.includes(`"${order.collectionCode}"`));
  });
}

test('the code decides how an order leaves the kitchen: a member needs it, a courier takes the order without', async () => {
  const order = await walker.orderIn('ready_for_pickup', 'kitchen');
  const { collectionCode } = order;
  const ask = (token: string, body: unknown) => step(urls[0], order.id, 'pickup', { token, body });
  for (const [token, body] of [
    [crew.merchant, {}],
    [crew.courier, { collectionCode }],
  ] as const) {
    const refused = await ask(token, body);
    assert.deepEqual([refused.status, refused.json.code], [409, 'order-step-not-allowed'], refused.text);
    assert.deepEqual([refused.json.orderStatus, refused.json.version], ['ready_for_pickup', 6]);
  }
  const taken = await ask(crew.courier, {});
  assert.deepEqual([taken.status, taken.json.status], [200, 'in_transit'], taken.text);
});

test('who is not a member any more sees and does nothing, at once and on both processes', async () => {
  const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  const account = await send('POST', `${urls[0]}/api/v1/accounts`, { body: credentials });
  const members = `${urls[0]}/api/v1/merchants/${shop.merchantId}/members`;
  const body = { email: credentials.email, role: 'courier' };
  assert.equal((await send('POST', members, { token: crew.operator, key: 'auto', body })).status, 201);
  const session = await send('POST', `${urls[0]}/api/v1/sessions`, { body: credentials });
  const token = session.json.accessToken as string;
  const order = await walker.orderIn('ready_for_pickup', 'kitchen');
  assert.equal((await step(urls[0], order.id, 'pickup', { token })).status, 200);
  assert.equal((await send('DELETE', `${members}/${account.json.id}`, { token: crew.operator })).status, 204);
  for (const url of urls) {
    assert.equal((await readOrder(url, order, token)).status, 404);
    assert.equal((await step(url, order.id, 'delivery', { token })).status, 404);
  }
});
