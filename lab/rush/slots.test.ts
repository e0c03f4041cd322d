import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlots } from './slots.ts';

test('no more are inside than there are slots, and who comes back goes first', async () => {
  const slots = createSlots(1);
  const entered: string[] = [];
  const enter = async (name: string, again: boolean) => {
    await slots.take(again);
    entered.push(name);
    slots.give();
  };
  await slots.take(false);
  const waiting = [enter('first', false), enter('second', false), enter('again', true)];
  assert.deepEqual(entered, []);
  slots.give();
  await Promise.all(waiting);
  assert.deepEqual(entered, ['again', 'first', 'second']);
});
