import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../domain/caller.ts';
import { createAuthenticate } from './authentication.ts';

const person: Caller = { kind: 'account', accountId: 'a', role: 'customer', onlySaleId: null };
const shop: Caller = { kind: 'shop', merchantId: 'm', apiKeyId: 'k' };
const authenticate = createAuthenticate({
  tokens: { ttlSeconds: 60, sign: () => 'token', verify: (token) => (token === 'token' ? person : undefined) },
  findApiKey: async (secret) => (secret === 'dbk_secret' ? shop : undefined),
});

test('a token is told at once, an API key by its prefix', async () => {
  assert.equal(authenticate('Bearer token'), person);
  assert.equal(await authenticate('Bearer dbk_secret'), shop);
  assert.equal(await authenticate('Bearer dbk_other'), undefined);
});

test('the scheme is the same in any letter case', () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) assert.equal(authenticate(`${scheme} token`), person);
});

test('anything but one bearer token is nobody', () => {
  for (const header of [
    '',
    'token',
    'Bearer',
    'Bearer ',
    'Basic token',
    'Bearertoken',
    'Bearer token token',
    'Bearer other',
  ]) {
    assert.equal(authenticate(header), undefined, header);
  }
});
