import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseRows } from './choose-rows.ts';
import type { Group, Row } from './row.ts';

const row = (name: string, group: Group, needs: string[] = []): Row => ({
  name,
  title: name,
  group,
  needs,
  play: async () => ({ figures: {}, faults: [] }),
});

const rows = [row('echo', 'baselines'), row('a', 'placing'), row('b', 'placing'), row('c', 'latency', ['a'])];
const comparedWith = (name: string) => (name === 'echo' ? [] : ['echo']);
const chosenBy = (...only: string[]) => chooseRows(rows, only, comparedWith).map(({ name }) => name);

test('without a wish all rows are played', () => {
  assert.equal(chooseRows(rows, undefined, comparedWith).length, 4);
});

test('a row brings what it is compared with, a group its members', () => {
  assert.deepEqual(chosenBy('b'), ['echo', 'b']);
  assert.deepEqual(chosenBy('placing'), ['echo', 'a', 'b']);
  assert.deepEqual(chosenBy('echo'), ['echo']);
});

test('a row brings what it takes a figure from, in the order of the table', () => {
  assert.deepEqual(chosenBy('c'), ['echo', 'a', 'c']);
});
