import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseList, Token } from './structured-fields.ts';

test('members have their values and parameters, of every kind', () => {
  const [first, second, third, ...rest] = parseList('  "a \\"b\\"";q=10;w=-1.5,tok/en;flag;no=?0\t,\t:aGk=:  ');
  assert.equal(first?.value, 'a "b"');
  assert.deepEqual(first?.parameters, new Map([['q', 10], ['w', -1.5]])); // biome-ignore format: a pair is a pair
  assert.deepEqual(second?.value, new Token('tok/en'));
  assert.deepEqual(second?.parameters, new Map([['flag', true], ['no', false]])); // biome-ignore format: a pair is a pair
  assert.equal(String(third?.value), 'hi');
  assert.deepEqual(rest, []);
  assert.deepEqual(parseList(''), []);
});

for (const field of [
  '"a',
  '"a" "b"',
  '"a",',
  ',"a"',
  '"a";Q=1',
  '"a";q=',
  '"ä"',
  '1.',
  '1.2345',
  '1234567890123456',
  '"a\\b"',
]) {
  test(`${field} is no list`, () => assert.throws(() => parseList(field)));
}
