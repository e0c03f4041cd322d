import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { collectionCodeOf, createCollectionCodes } from './collection-code.ts';

const SECRET = Buffer.alloc(32, 7);
const ORDER = '01890000-0000-7000-8000-00000000abcd';

test('the collection code of an order is always the same six digits, in whatever letters its id is written', () => {
  const code = collectionCodeOf(SECRET, ORDER);
  assert.match(code, /^\d{6}$/);
  assert.equal(collectionCodeOf(SECRET, ORDER.toUpperCase()), code);
});

test('collection codes follow from the secret and spread over all numbers, leading zeros included', () => {
  assert.notEqual(collectionCodeOf(Buffer.alloc(32, 8), ORDER), collectionCodeOf(SECRET, ORDER));
  const codes = Array.from({ length: 5_000 }, () => collectionCodeOf(SECRET, randomUUIDv7()));
  assert.ok(codes.every((code) => /^\d{6}$/.test(code)));
  assert.equal(new Set(codes.map((code) => code[0])).size, 10);
  assert.ok(new Set(codes).size > 4_900);
});

test('the secret is read once; a reading that failed is done again', async () => {
  let readings = 0;
  const codes = createCollectionCodes({
    async query<Row>() {
      readings += 1;
      if (readings === 1) throw new Error('away');
      return [{ collection_secret: SECRET }] as Row[];
    },
  });
  await assert.rejects(codes(ORDER), /away/);
  assert.deepEqual(await Promise.all([codes(ORDER), codes(ORDER)]), Array(2).fill(collectionCodeOf(SECRET, ORDER)));
  assert.equal(readings, 2);
});
