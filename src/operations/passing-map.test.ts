import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createPassingMap } from './passing-map.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;

test('it holds what was set and not deleted, however much has passed through', () => {
  const map = createPassingMap<string, number>();
  const expected = new Map<string, number>();
  for (let turn = 0; turn < 5_000; turn++) {
    // Keys come again, are deleted twice, and every hundredth stays.
    const key = `key ${turn % 700}`;
    map.set(key, turn);
    expected.set(key, turn);
    const gone = `key ${(turn * 7) % 699}`;
    if (turn % 100 === 0) continue;
    map.delete(gone);
    expected.delete(gone);
    assert.equal(map.get(key), expected.get(key));
    assert.equal(map.get(gone), undefined);
  }
  assert.deepEqual([...map.entries()].sort(), [...expected].sort());
});

test('what has passed through needs no full collection to go away', () => {
  const map = createPassingMap<string, number[]>();
  const underWay: string[] = [];
  let oldBytesMax = 0;
  const passThrough = (count: number) => {
    for (let turn = 1; turn <= count; turn++) {
      const key = `key ${turn}`;
      map.set(key, Array<number>(100).fill(turn));
      underWay.push(key);
      if (underWay.length > 64) map.delete(underWay.shift() ?? '');
      if (turn % 1_000 > 0) continue;
      collect({ type: 'minor' });
      oldBytesMax = Math.max(oldBytesMax, oldBytes());
    }
  };
  passThrough(10_000);
  collect({ type: 'major' });
  const before = oldBytes();
  oldBytesMax = 0;
  passThrough(20_000);
  const passedBytes = 20_000 * 100 * 8;
  const keptBytes = oldBytesMax - before;
  assert.ok(keptBytes < passedBytes / 5, `${keptBytes} of ${passedBytes} bytes count as old`);
});

function oldBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size ?? 0;
}
