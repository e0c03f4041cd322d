import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { send } from './client.ts';
import type { Shop } from './shop.ts';

/** Makes another merchant; its id. */
export async function createMerchant(shop: Shop): Promise<string> {
  const answer = await send('POST', `${shop.url}/api/v1/merchants`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { name: 'Another shop' },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.id;
}

/** Registers somebody, makes them a member of a merchant and signs them in; their token. */
export async function createMember(shop: Shop, merchantId: string, role: 'merchant' | 'courier'): Promise<string> {
  const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  const account = await send('POST', `${shop.url}/api/v1/accounts`, { body: credentials });
  assert.equal(account.status, 201, account.text);
  const member = await send('POST', `${shop.url}/api/v1/merchants/${merchantId}/members`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { email: credentials.email, role },
  });
  assert.equal(member.status, 201, member.text);
  const session = await send('POST', `${shop.url}/api/v1/sessions`, { body: credentials });
  assert.equal(session.status, 201, session.text);
  return session.json.accessToken;
}

/** Makes an API key of a merchant's own back end; its secret. */
export async function createApiKey(shop: Shop, merchantId: string): Promise<string> {
  const answer = await send('POST', `${shop.url}/api/v1/merchants/${merchantId}/api-keys`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { name: 'Back end' },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.secret;
}
