import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BreakerState, createCircuitBreaker, RedisAwayError } from './circuit-breaker.ts';

/** A breaker on a mocked clock, whose probes wait until the test answers them. */
function createBreaker(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const probes: PromiseWithResolvers<void>[] = [];
  const states: BreakerState[] = [];
  const breaker = createCircuitBreaker({
    probe: () => {
      const probe = Promise.withResolvers<void>();
      probes.push(probe);
      return probe.promise;
    },
    isFailure: (error) => error instanceof Error,
    onState: (state) => states.push(state),
  });
  return { breaker, probes, states, tick: (ms: number) => t.mock.timers.tick(ms) };
}

const rest = () => new Promise((resolve) => setImmediate(resolve));

const succeed = async () => 'done';
const fail = async () => {
  throw new Error('no answer');
};

async function closedBreaker(t: TestContext) {
  const all = createBreaker(t);
  all.probes[0]?.resolve();
  await rest();
  assert.equal(all.breaker.state(), 'closed');
  return all;
}

test('it begins open, and the first probe that succeeds closes it', async (t) => {
  const { breaker, probes, states, tick } = createBreaker(t);
  assert.equal(breaker.state(), 'open');
  await assert.rejects(breaker.call(succeed), RedisAwayError);
  probes[0]?.reject(new Error('not yet'));
  await rest();
  assert.equal(breaker.state(), 'open');
  tick(500);
  assert.equal(probes.length, 2);
  probes[1]?.resolve();
  await rest();
  assert.deepEqual(states, ['closed']);
  assert.equal(await breaker.call(succeed), 'done');
});

test('three failures one after the other open it; what is called then is refused without being asked', async (t) => {
  const { breaker, states } = await closedBreaker(t);
  await assert.rejects(breaker.call(fail), RedisAwayError);
  await assert.rejects(breaker.call(fail), RedisAwayError);
  await breaker.call(succeed);
  await assert.rejects(breaker.call(fail), RedisAwayError);
  await assert.rejects(breaker.call(fail), RedisAwayError);
  assert.equal(breaker.state(), 'closed');
  await assert.rejects(breaker.call(fail), RedisAwayError);
  assert.deepEqual(states, ['closed', 'open']);
  let asked = false;
  await assert.rejects(
    breaker.call(async () => {
      asked = true;
    }),
    RedisAwayError,
  );
  assert.equal(asked, false);
});

test('a tenth of the calls failing opens it, also after 100,000 that succeeded; one in twenty-five does not', async (t) => {
  const { breaker, tick } = await closedBreaker(t);
  for (let index = 0; index < 100_000; index += 1) await breaker.call(succeed);
  tick(6_000);
  const mixed = async (calls: number, failEvery: number) => {
    for (let index = 1; index <= calls && breaker.state() === 'closed'; index += 1) {
      tick(10);
      await breaker.call(index % failEvery === 0 ? fail : succeed).catch(() => undefined);
    }
  };
  await mixed(1_000, 25);
  assert.equal(breaker.state(), 'closed');
  await mixed(1_000, 5);
  assert.equal(breaker.state(), 'open');
});

test('F-07 while it is half-open one probe is on its way, and a thousand calls neither pass nor wait', async (t) => {
  const { breaker, probes, tick } = await closedBreaker(t);
  for (let index = 0; index < 3; index += 1) await assert.rejects(breaker.call(fail));
  tick(500);
  assert.equal(breaker.state(), 'half-open');
  assert.equal(probes.length, 2);
  let asked = 0;
  const calls = Array.from({ length: 1_000 }, () =>
    breaker.call(async () => {
      asked += 1;
    }),
  );
  breaker.hurry();
  tick(10_000);
  for (const outcome of await Promise.allSettled(calls)) assert.equal(outcome.status, 'rejected');
  assert.equal(asked, 0);
  assert.equal(probes.length, 2, 'the probe under way is the only one');

  probes[1]?.reject(new Error('still away'));
  await rest();
  assert.equal(breaker.state(), 'open');
  tick(499);
  assert.equal(probes.length, 2);
  tick(1);
  probes[2]?.resolve();
  await rest();
  assert.equal(breaker.state(), 'closed');
  assert.equal(await breaker.call(succeed), 'done');
});

test('a hurried probe does not wait for its time', async (t) => {
  const { breaker, probes } = await closedBreaker(t);
  for (let index = 0; index < 3; index += 1) await assert.rejects(breaker.call(fail));
  breaker.hurry();
  assert.equal(probes.length, 2);
});

test('what is no failure passes as it is and opens nothing', async (t) => {
  const { breaker } = await closedBreaker(t);
  const refusal = { refused: true };
  for (let index = 0; index < 100; index += 1) {
    await assert.rejects(
      breaker.call(() => Promise.reject(refusal)),
      (error) => error === refusal,
    );
  }
  assert.equal(breaker.state(), 'closed');
});

test('once closed for good nothing passes and nothing is probed', async (t) => {
  const { breaker, probes, states, tick } = createBreaker(t);
  breaker.close();
  probes[0]?.resolve();
  await rest();
  tick(10_000);
  await assert.rejects(breaker.call(succeed), RedisAwayError);
  assert.deepEqual([breaker.state(), probes.length, states], ['open', 1, []]);
});
