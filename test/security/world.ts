import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type RequestOptions, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { pay, placeOrder } from '../support/orders.ts';
import { createShop, type Shop, saleBody } from '../support/shop.ts';
import { createMember, createMerchant } from '../support/staff.ts';
import { createWalker, type Walker } from '../support/step-cases.ts';
import type { Operation } from './api-document.ts';

/** Settings with which deliveries die at once, so that there are dead letters, and nothing is sent to the outside. */
export const WORLD_SETTINGS = {
  WEBHOOK_ALLOW_PRIVATE: 'true',
  WEBHOOK_TIMEOUT_MS: '500',
  WEBHOOK_RETRY_SECONDS: 'off',
  DEAD_LETTER_REDRIVE_SECONDS: 'off',
} as const;

/** Nothing listens there. */
export const DEAF_URL = 'http://127.0.0.1:9/';

/** In which role somebody calls. The names stand in docs/access.md. */
export const ROLES = ['customer', 'merchant', 'courier', 'API key', 'operator', 'test buyer'] as const;
export type Role = (typeof ROLES)[number];

type Ids = Readonly<Record<string, string>>;

/** A merchant with one of everything that can belong to somebody, and the people around it. */
export interface Holding {
  /** Ids by the name of the path parameter, the query member or the body member that takes them. */
  readonly ids: Ids;
  /** The same, of what the test buyer and the back end have ordered themselves. */
  readonly ownIds: Readonly<Partial<Record<Role, Ids>>>;
  /** Who has to do with these things: their owner, the merchant's people and back end, and operators. */
  readonly tokens: Readonly<Record<Role, string>>;
  /** Another order of its customer, in a sale of its own. */
  readonly orderIn: Walker['orderIn'];
}

/** Two merchants that have nothing to do with each other. */
export interface World {
  readonly shop: Shop;
  readonly ours: Holding;
  readonly theirs: Holding;
}

export async function createWorld(url: string, database: TestDatabase): Promise<World> {
  const shop = await createShop(url);
  const ours = await createHolding(shop, database, shop.merchantId);
  const theirs = await createHolding(shop, database, await createMerchant(shop));
  return { shop, ours, theirs };
}

/** Resolves when all that was told of a new world has arrived nowhere: from then on nothing changes by itself. */
export async function untilAtRest(database: TestDatabase): Promise<void> {
  await database.until(
    `SELECT WHERE NOT EXISTS (SELECT FROM outbox)
       AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE status = 'due')
       AND NOT EXISTS (SELECT FROM payment_jobs WHERE status = 'due' AND kind <> 'settle')`,
  );
}

async function createHolding(shop: Shop, database: TestDatabase, merchantId: string): Promise<Holding> {
  const post = async (path: string, options: RequestOptions = {}) => {
    const answer = await send('POST', shop.url + path, { token: shop.operatorToken, key: 'auto', ...options });
    assert.ok(answer.status < 300, `${path}: ${answer.text}`);
    return answer.json;
  };
  const own: Shop = { ...shop, merchantId, createSale: (terms) => createSaleOf(shop, merchantId, terms) };
  const customer = await createCustomer(shop);
  const apiKey = await post(`/api/v1/merchants/${merchantId}/api-keys`, { body: { name: 'Back end' } });
  const merchant = await createMember(shop, merchantId, 'merchant');
  const courier = await createMember(shop, merchantId, 'courier');
  const member = await post('/api/v1/accounts', {
    body: { email: `${randomUUID()}@example.com`, password: randomUUID() },
  });
  const { email } = member;
  await post(`/api/v1/merchants/${merchantId}/members`, { body: { email, role: 'merchant' } });

  const crew = { merchant, courier, operator: shop.operatorToken, apiKey: apiKey.secret as string };
  const walker = createWalker(database, own, crew);
  const orderIn: Walker['orderIn'] = (status, fulfillment) => walker.orderIn(status, fulfillment, { customer });
  const order = await orderIn('ready_for_pickup', 'kitchen');
  const testSale = await own.createSale({ test: true });
  const { buyers } = await post('/api/v1/admin/test-buyers', { body: { saleId: testSale.id, count: 1 } });
  const [{ accessToken: testBuyer, userId }] = buyers;
  const testOrder = await placeOrder(own, testSale, { customer: { id: userId, token: testBuyer } });
  const shopSale = await own.createSale();
  const shopOrder = await post('/api/v1/orders', {
    token: apiKey.secret,
    body: { saleId: shopSale.id, lines: [{ itemId: shopSale.items[0]?.id, quantity: 1 }], onBehalfOf: 'customer 1' },
  });
  for (const each of [testOrder, { id: shopOrder.id, customer: { id: shopOrder.userId, token: apiKey.secret } }]) {
    const paid = await pay(shop.url, each);
    assert.equal(paid.status, 200, paid.text);
  }

  const endpoints = `/api/v1/merchants/${merchantId}/webhook-endpoints`;
  const endpoint = await post(endpoints, { body: { url: DEAF_URL } });
  const delivery = await post(`${endpoints}/${endpoint.id}/test`);
  const letter = await database.until<{ id: string }>('SELECT id FROM dead_letters WHERE endpoint_id = $1', [
    endpoint.id,
  ]);
  const redrive = await post('/api/v1/admin/dlq/redrives', { body: { endpointId: endpoint.id, kind: 'refund' } });
  await database.until(`SELECT FROM redrives WHERE id = $1 AND status <> 'running'`, [redrive.id]);
  const ids = {
    merchantId,
    accountId: member.id,
    apiKeyId: apiKey.id,
    saleId: order.sale.id,
    itemId: order.itemId,
    orderId: order.id,
    userId: customer.id,
    actorId: customer.id,
    endpointId: endpoint.id,
    deliveryId: delivery.id,
    letterId: letter.id,
    redriveId: redrive.id,
    provider: 'sandbox',
    email,
  };
  return {
    ids,
    ownIds: {
      'test buyer': { ...ids, saleId: testSale.id, itemId: testSale.items[0]?.id ?? '', orderId: testOrder.id, userId },
      'API key': { ...ids, orderId: shopOrder.id },
    },
    tokens: {
      customer: customer.token,
      merchant,
      courier,
      'API key': apiKey.secret,
      operator: shop.operatorToken,
      'test buyer': testBuyer,
    },
    orderIn,
  };
}

/** Somebody with an account. */
async function createCustomer({ url }: Shop): Promise<{ readonly id: string; readonly token: string }> {
  const body = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  const account = await send('POST', `${url}/api/v1/accounts`, { body });
  assert.equal(account.status, 201, account.text);
  const session = await send('POST', `${url}/api/v1/sessions`, { body });
  assert.equal(session.status, 201, session.text);
  return { id: account.json.id, token: session.json.accessToken };
}

/** The account of an access token. */
export function accountOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub;
}

async function createSaleOf(shop: Shop, merchantId: string, terms?: Parameters<Shop['createSale']>[0]) {
  const answer = await send('POST', `${shop.url}/api/v1/sales`, {
    token: shop.operatorToken,
    key: 'auto',
    body: saleBody(merchantId, terms),
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

/**
 * A body that each operation takes, with all that it may have, about the things of a holding: nothing but the caller's
 * rights decides. Throws for an operation that has a body and no example here.
 */
export function exampleBody(
  { name, body }: Operation,
  { ids }: Holding,
): Readonly<Record<string, unknown>> | undefined {
  if (body === undefined) return undefined;
  const example = EXAMPLES[name];
  assert.ok(example !== undefined, `There is no example of the body of ${name}: add one to test/security/world.ts.`);
  return example(ids);
}

const REASON = { reason: 'for a test' };
const NEW_ACCOUNT = (role?: string) => ({
  email: `${randomUUID()}@example.com`,
  password: 'long enough for this',
  name: 'Somebody',
  ...(role === undefined ? {} : { role }),
});
const LINE = ({ itemId }: Ids) => ({ itemId, quantity: 1 });

const EXAMPLES: Readonly<Record<string, (ids: Ids) => Readonly<Record<string, unknown>>>> = {
  'POST /api/v1/accounts': () => NEW_ACCOUNT(),
  'POST /api/v1/sessions': () => ({ email: `${randomUUID()}@example.com`, password: 'long enough for this' }),
  'POST /api/v1/merchants': () => ({ name: 'Another' }),
  'POST /api/v1/merchants/{merchantId}/members': ({ email }) => ({ email, role: 'merchant' }),
  'POST /api/v1/merchants/{merchantId}/api-keys': () => ({ name: 'Another' }),
  'POST /api/v1/merchants/{merchantId}/customer-erasures': () => ({ externalId: 'nobody' }),
  'POST /api/v1/merchants/{merchantId}/webhook-endpoints': () => ({ url: DEAF_URL, eventTypes: ['order.placed'] }),
  'PATCH /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}': () => ({
    url: `${DEAF_URL}other`,
    eventTypes: ['order.paid'],
  }),
  'POST /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/secret-rotation': () => ({ overlapSeconds: 5 }),
  'POST /api/v1/sales': ({ merchantId = '' }) => ({
    ...saleBody(merchantId, { holdSeconds: 60, retrySeconds: 60, pinSeconds: 60, acceptanceSeconds: 60, test: false }),
    items: [{ name: 'Poster', priceMinor: 1_500, capacity: 10, limitPerCustomer: 2 }],
  }),
  'PATCH /api/v1/sales/{saleId}': (ids) => {
    const { name, opensAt, closesAt } = saleBody(ids['merchantId'] ?? '');
    return { name, opensAt, closesAt, holdSeconds: 61, retrySeconds: 61, pinSeconds: 61, acceptanceSeconds: 61 };
  },
  'POST /api/v1/sales/{saleId}/items': () => ({ name: 'Other', priceMinor: 1, capacity: 1, limitPerCustomer: 1 }),
  'PATCH /api/v1/sales/{saleId}/items/{itemId}': () => ({ name: 'Other', priceMinor: 2, limitPerCustomer: 3 }),
  'POST /api/v1/orders': (ids) => ({
    saleId: ids['saleId'],
    lines: [LINE(ids)],
    reference: 'A-1',
    metadata: { gift: true },
  }),
  'POST /api/v1/orders/{orderId}/payment': () => ({ paymentMethod: 'card_ok', returnUrl: 'https://shop.example/' }),
  'POST /api/v1/orders/{orderId}/rejection': () => ({ ...REASON, soldOut: true }),
  'POST /api/v1/orders/{orderId}/pickup': () => ({ collectionCode: '000000' }),
  'POST /api/v1/orders/{orderId}/delivery': () => ({ collectionCode: '000000' }),
  'POST /api/v1/orders/{orderId}/fulfillment': () => ({ collectionCode: '000000' }),
  'POST /api/v1/orders/{orderId}/cancellation': () => ({ ...REASON, restock: true, retainMinor: 1 }),
  'POST /api/v1/orders/{orderId}/refunds': (ids) => ({ lines: [{ ...LINE(ids), restock: true }], ...REASON }),
  'POST /api/v1/admin/accounts': () => NEW_ACCOUNT('operator'),
  'POST /api/v1/admin/stock': ({ itemId }) => ({ itemId, capacity: 1_000 }),
  'POST /api/v1/admin/dlq/redrives': ({ merchantId, endpointId, orderId }) => ({
    kind: 'refund',
    merchantId,
    endpointId,
    orderId,
    perSecond: 1,
  }),
  'POST /api/v1/admin/dlq/{letterId}/discard': () => REASON,
  'POST /api/v1/admin/test-buyers': ({ saleId }) => ({ saleId, count: 1 }),
};
