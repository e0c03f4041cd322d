import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newIdempotencyKey } from './idempotency-key.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

test('keys are random UUIDs, also in a page that is no secure context', (t) => {
  assert.match(newIdempotencyKey(), UUID);
  Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true });
  t.after(() => Reflect.deleteProperty(crypto, 'randomUUID'));
  const keys = new Set(Array.from({ length: 100 }, newIdempotencyKey));
  assert.equal(keys.size, 100);
  for (const key of keys) assert.match(key, UUID);
});
