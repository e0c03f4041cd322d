import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { createLoops } from './loop.ts';

const silent = pino({ level: 'silent' });

test('a duty is reported: never run, succeeded, failing, well again', async () => {
  const loops = createLoops(silent);
  const answers: (() => void)[] = [];
  let fails = false;
  const loop = loops.add({
    name: 'sweeper',
    intervalMs: 60_000,
    async runOnce() {
      await new Promise<void>((resolve) => answers.push(resolve));
      if (fails) throw new Error('no luck');
      return { more: false };
    },
  });
  const [first] = loops.reports();
  assert.deepEqual(first, { name: 'sweeper', lastSuccessAt: null, failing: false });

  /** Lets one run end. */
  async function run(): Promise<void> {
    while (answers.length === 0) {
      loop.hurry();
      await new Promise(setImmediate);
    }
    answers.shift()?.();
    await new Promise(setImmediate);
  }

  loop.start();
  await run();
  const succeeded = loops.reports()[0];
  assert.ok(Date.parse(succeeded?.lastSuccessAt ?? '') > 0);
  assert.equal(succeeded?.failing, false);
  fails = true;
  await run();
  assert.deepEqual(loops.reports()[0], { ...succeeded, failing: true });
  fails = false;
  await run();
  assert.equal(loops.reports()[0]?.failing, false);
  await loop.stop();
});

test('the last run comes after the loop has stopped, and only to duties that have one', async () => {
  const loops = createLoops(silent);
  const runs: string[] = [];
  const duty = (name: string) => ({
    name,
    intervalMs: 60_000,
    async runOnce() {
      runs.push(name);
      return { more: true };
    },
  });
  const started = [loops.add(duty('sweeper')), loops.add({ ...duty('relay'), runsLast: true })];
  for (const loop of started) await loop.stop();
  await loops.runLast();
  assert.deepEqual(runs, ['relay']);
});
