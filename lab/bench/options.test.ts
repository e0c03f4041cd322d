import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpText, readOptions } from './options.ts';
import { rows } from './rows.ts';

const read = (...args: string[]) => readOptions(args, rows, 'results');

test('without options everything is measured as the help says', () => {
  const options = read();
  assert.equal(options?.rounds, 5);
  assert.equal(options?.only, undefined);
  assert.equal(options?.effort.ordersBefore, 500_000);
  assert.match(helpText(rows), /--orders <n>\s.*\(500000\)/);
});

test('rows and groups may be named', () => {
  assert.deepEqual(read('--only', 'echo, gate')?.only, ['echo', 'gate']);
  assert.throws(() => read('--only', 'nothing'), /knows no "nothing"/);
  assert.throws(() => read('--profile', 'gate'), /knows no "gate"/);
});

test('counts out of bounds are refused with the bounds', () => {
  assert.throws(() => read('--rounds', '0'), /from 1 to 100, not "0"/);
  assert.throws(() => read('--seconds', '1.5'), /whole number/);
});

test('help lists every row', () => {
  assert.equal(read('--help'), undefined);
  for (const row of rows) assert.ok(helpText(rows).includes(row.name), row.name);
});
