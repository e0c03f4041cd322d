import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { createStopper } from './stopper.ts';

const silent = pino({ level: 'silent' });

test('parts stop in the reverse order of their start, one after the other, once', async () => {
  const stopper = createStopper(silent);
  const stopped: string[] = [];
  for (const name of ['ledger', 'queue', 'server']) {
    stopper.add(name, async () => {
      assert.equal(stopper.stoppingPart(), name);
      await new Promise(setImmediate);
      stopped.push(name);
    });
  }
  assert.equal(stopper.stopping(), false);
  const stops = [stopper.stop(), stopper.stop()];
  assert.equal(stopper.stopping(), true);
  assert.deepEqual(await Promise.all(stops), [true, true]);
  assert.deepEqual(stopped, ['server', 'queue', 'ledger']);
});

test('a part that fails does not keep the others, and the stop was not clean', async () => {
  const stopper = createStopper(silent);
  let ledgerStopped = false;
  stopper.add('ledger', async () => {
    ledgerStopped = true;
  });
  stopper.add('queue', () => Promise.reject(new Error('stuck')));
  assert.equal(await stopper.stop(), false);
  assert.ok(ledgerStopped);
});

test('what may be left undone has a short time, and its failure is none of the stop', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stopper = createStopper(silent);
  stopper.addAttempt('last word', () => Promise.reject(new Error('nobody listens')));
  stopper.addAttempt('last run', () => new Promise(() => undefined));
  const stopped = stopper.stop();
  t.mock.timers.tick(2_000);
  assert.equal(await stopped, true);
});
