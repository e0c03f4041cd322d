import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBoundedMemory } from './bounded-memory.ts';

test('what was set is there, and the newest value counts', () => {
  const memory = createBoundedMemory<number>(4);
  memory.set('a', 1);
  memory.set('a', 2);
  assert.equal(memory.get('a'), 2);
  assert.equal(memory.get('b'), undefined);
});

test('no more than the maximum is remembered, the latest half of it for certain', () => {
  const memory = createBoundedMemory<number>(100);
  for (let key = 0; key < 1_000; key += 1) memory.set(`${key}`, key);
  const known = Array.from({ length: 1_000 }, (_, key) => key).filter((key) => memory.get(`${key}`) !== undefined);
  assert.ok(known.length <= 100, `${known.length}`);
  for (let key = 950; key < 1_000; key += 1) assert.ok(known.includes(key), `${key}`);
});

test('what is asked for again and again is never forgotten', () => {
  const memory = createBoundedMemory<string>(10);
  memory.set('busy', 'here');
  for (let key = 0; key < 1_000; key += 1) {
    memory.set(`${key}`, 'new');
    assert.equal(memory.get('busy'), 'here');
  }
});

test('a value that was replaced does not come back when its generation is dropped', () => {
  const memory = createBoundedMemory<number>(4);
  memory.set('a', 1);
  memory.set('b', 1);
  memory.set('a', 2);
  memory.set('c', 1);
  assert.equal(memory.get('a'), 2);
});

test('sizes count where they are told: the values together stay within the maximum, and a replaced one frees its own', () => {
  const memory = createBoundedMemory<string>(1_000, (value, key) => value.length + key.length);
  const keys = Array.from({ length: 200 }, (_, index) => String(100 + index));
  for (const key of keys) memory.set(key, 'x'.repeat(47));
  const known = keys.filter((key) => memory.get(key) !== undefined);
  assert.ok(known.length * 50 <= 1_000, `${known.length}`);
  assert.ok(known.includes('299') && !known.includes('100'));

  memory.set('same', 'kept');
  for (let round = 0; round < 50; round += 1) memory.set('replaced', 'x'.repeat(200));
  assert.equal(memory.get('same'), 'kept');
});
