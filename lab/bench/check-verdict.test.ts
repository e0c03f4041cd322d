import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CheckTurn, judgeCheck } from './check-verdict.ts';

const expected = [{ row: 'accepted', over: 'echo', ratio: 0.3 }];
const turn = (row: string, perSecond: number, othersShare = 0.05): CheckTurn => ({ row, perSecond, othersShare });
const outcomeOf = (...turns: CheckTurn[]) => judgeCheck(turns, expected).outcome;
const echo = [turn('echo', 1_000), turn('echo', 900)];

test('the best turns are compared', () => {
  assert.equal(outcomeOf(...echo, turn('accepted', 160), turn('accepted', 10)), 'as expected');
});

test('less than half of what is expected is far below', () => {
  assert.equal(outcomeOf(...echo, turn('accepted', 149), turn('accepted', 10)), 'far below');
});

test('turns that others disturbed say nothing, good or bad', () => {
  assert.equal(outcomeOf(...echo, turn('accepted', 300, 0.3), turn('accepted', 10), turn('accepted', 10)), 'far below');
  assert.equal(outcomeOf(...echo, turn('accepted', 10, 0.3), turn('accepted', 10)), 'too noisy');
});

test('a row that had no turn is no success', () => {
  assert.equal(outcomeOf(...echo), 'too noisy');
});
