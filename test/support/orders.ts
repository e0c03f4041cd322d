import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Answer, newCustomer, type RequestOptions, send } from './client.ts';
import type { Sale, Shop } from './shop.ts';
import { createMember } from './staff.ts';

/** An order of a test's own, with those who may act on it. */
export interface TestOrder {
  readonly id: string;
  readonly customer: { readonly id: string; readonly token: string };
  readonly sale: Sale;
}

/** The people around a merchant's orders, signed in. */
export interface People {
  readonly merchant: string;
  readonly courier: string;
  readonly operator: string;
}

export async function createPeople(shop: Shop): Promise<People> {
  return {
    merchant: await createMember(shop, shop.merchantId, 'merchant'),
    courier: await createMember(shop, shop.merchantId, 'courier'),
    operator: shop.operatorToken,
  };
}

/** Places an order of one unit of the sale's first item as a new customer, unless told otherwise. */
export async function placeOrder(
  shop: Shop,
  sale: Sale,
  options: { customer?: TestOrder['customer']; quantity?: number; lines?: unknown } = {},
): Promise<TestOrder> {
  const { customer = newCustomer(), ...rest } = options;
  const answer = await shop.order(sale, { token: customer.token, ...rest });
  assert.equal(answer.status, 201, answer.text);
  return { id: answer.json.id, customer, sale };
}

/**
 * Asks for a step of an order: `payment`, `acceptance`, … With a new key and `If-Match: *` unless told otherwise;
 * `tag: null` sends no If-Match.
 */
export function step(
  url: string,
  orderId: string,
  intent: string,
  options: RequestOptions & { tag?: string | null } = {},
): Promise<Answer> {
  const { tag = '*', headers, ...rest } = options;
  return send('POST', `${url}/api/v1/orders/${orderId}/${intent}`, {
    key: randomUUID(),
    ...rest,
    headers: { ...(tag === null ? {} : { 'if-match': tag }), ...headers },
  });
}

/** Pays an order with a card of the sandbox, as its owner. */
export function pay(
  url: string,
  order: Pick<TestOrder, 'id' | 'customer'>,
  card = 'card_ok',
  options: RequestOptions & { tag?: string | null } = {},
): Promise<Answer> {
  return step(url, order.id, 'payment', { token: order.customer.token, body: { paymentMethod: card }, ...options });
}

/** Reads an order with all that belongs to it, as its owner unless told otherwise. */
export async function readOrder(
  url: string,
  order: Pick<TestOrder, 'id' | 'customer'>,
  token = order.customer.token,
  include = 'payments,refunds,history',
): Promise<Answer> {
  return send('GET', `${url}/api/v1/orders/${order.id}?include=${include}`, { token });
}
