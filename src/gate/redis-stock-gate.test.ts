import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { testStockGate } from '../../test/conformance/stock-gate.ts';
import { openLink } from '../../test/support/redis-links.ts';
import { scaled } from '../../test/support/scale.ts';
import { createStage } from '../../test/support/stage.ts';
import { attemptOf, casesOn, keptOrder, settle, stockOf, tell } from '../../test/support/stock-gate.ts';
import { RedisAwayError } from './circuit-breaker.ts';
import type { RedisLink } from './redis.ts';
import { createRedisStockGate, type RedisStockGate } from './redis-stock-gate.ts';

const redis = await createStage({ after }).redis();

await testStockGate(redis, { modelRuns: scaled(50, 2_000) });

const REFUSALS = scaled(100_000, 1_000_000);
/** Buffers of connections come and go; a hundred thousand of anything would be megabytes. */
const NOISE_BYTES = 500_000;

async function usedBytes(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(String(await redis.query('INFO', 'memory')))?.[1]);
}

test(`${REFUSALS} refused attempts leave nothing in Redis`, async (t) => {
  const { a, saleId } = (await casesOn(redis))();
  await tell(a, stockOf(saleId, { available: 0 }), stockOf(saleId, { itemId: 'limited', limitPerCustomer: 1 }));
  const lines = [{ itemId: 'limited', quantity: 2 }];
  const round = () => a.admit(Array.from({ length: 200 }, (_, index) => attemptOf(saleId, index % 2 ? { lines } : {})));
  await round();
  const before = { bytes: await usedBytes(), keys: await redis.query('DBSIZE') };
  for (let refused = 0; refused < REFUSALS; refused += 1_000) {
    const advice = await Promise.all([round(), round(), round(), round(), round()]);
    assert.ok(advice.flat().every((each) => each.advice === 'refuse'));
  }
  assert.equal(await redis.query('DBSIZE'), before.keys);
  const grown = (await usedBytes()) - before.bytes;
  t.diagnostic(`${grown} bytes more than before`);
  assert.ok(grown < NOISE_BYTES, `grown by ${grown} bytes`);
});

test('an accepted order takes less than 2 kB until its retention is over, and then next to nothing', async (t) => {
  const orders = 5_000;
  const gate = createRedisStockGate({
    redis: await openLink({ after }, redis.url),
    ledgerId: randomUUID(),
    retentionSeconds: 2,
    onError: (error) => assert.fail(String(error)),
  });
  const saleId = randomUUID();
  const itemId = randomUUID();
  await tell(gate, stockOf(saleId, { itemId, available: orders, limitPerCustomer: 1 }));
  const before = await usedBytes();
  for (let from = 0; from < orders; from += 500) {
    const attempts = Array.from({ length: 500 }, () => {
      const customerId = randomUUID();
      return attemptOf(saleId, { customerId, placedBy: customerId, lines: [{ itemId, quantity: 1 }] });
    });
    await gate.admit(attempts);
    await settle(
      gate,
      ...attempts.map((attempt) => ({ attempt, placed: keptOrder(typicalOrder(attempt.operationId)) })),
    );
  }
  const perOrder = ((await usedBytes()) - before) / orders;
  t.diagnostic(`${Math.round(perOrder)} bytes per accepted order`);
  assert.ok(perOrder < 2_000, `${perOrder} bytes`);

  const kept = `doorbuster:{${saleId}}:*:kept:*`;
  const deadline = Date.now() + 20_000;
  // Redis forgets what is over, and then makes its own tables smaller, a little at a time.
  for (;;) {
    const keys = (await redis.query('KEYS', kept)) as string[];
    const left = ((await usedBytes()) - before) / orders;
    if (keys.length === 0 && left < 300) return t.diagnostic(`${Math.round(left)} bytes after its retention`);
    assert.ok(Date.now() < deadline, `${keys.length} answers and ${left} bytes per order are left`);
    await pause(100);
  }
});

/** An order of one line as the engine keeps it. */
const typicalOrder = (id: string) => ({
  id,
  saleId: randomUUID(),
  customerId: randomUUID(),
  status: 'pending_payment',
  version: 1,
  arrival: 12_345,
  currency: 'EUR',
  totalMinor: 1_999,
  lines: [
    {
      itemId: randomUUID(),
      name: 'A pair of shoes',
      quantity: 1,
      unitPriceMinor: 1_999,
      totalMinor: 1_999,
      limited: true,
    },
  ],
  reference: null,
  metadata: {},
  placedAt: new Date(),
  payBy: new Date(),
  acceptBy: null,
});

const away = () => Promise.reject(new RedisAwayError('a test says so', { asked: true }));

function gateOn(run: RedisLink['run']): { gate: RedisStockGate; errors: unknown[] } {
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  return { gate: createRedisStockGate({ redis: { run }, ledgerId: 'ledger', retentionSeconds: 60, onError }), errors };
}

test('while Redis is away asking and comparing reject; telling and settling are dropped and counted, without a word', async () => {
  const { gate, errors } = gateOn(away);
  await assert.rejects(gate.admit([attemptOf('sale'), attemptOf('another sale')]), RedisAwayError);
  await assert.rejects(gate.reconcile([stockOf('sale')], 0), RedisAwayError);
  await tell(gate, stockOf('sale'));
  await settle(gate, { attempt: attemptOf('sale'), placed: null }, { attempt: attemptOf('sale'), placed: keptOrder() });
  assert.equal(gate.dropped(), 2);
  assert.deepEqual(errors, []);
});

test('where the node of one sale is away, the advice on the others counts, and their comparison', async () => {
  const { gate } = gateOn(async (_script, keys) => {
    if (keys[0]?.includes('{lost}')) return away();
    return keys.length > 4 ? keys.slice(4).map(() => 1) : [1, 1, 1, 1];
  });
  const advice = await gate.admit(['lost', 'well', 'lost', 'well'].map((saleId) => attemptOf(saleId)));
  assert.deepEqual(
    advice.map((each) => each.advice),
    ['unknown', 'refuse', 'unknown', 'refuse'],
  );
  const found = await gate.reconcile(
    ['lost', 'well'].map((saleId) => stockOf(saleId)),
    0,
  );
  assert.deepEqual(found, { driftUnits: 1, repaired: 1, leaked: 1, open: 1 });
});

test('a reply that no script gives is unknown, never an answer', async () => {
  for (const reply of [null, 'OK', [], [null], [7], ['{"id":1}'], [['x']]]) {
    const { gate } = gateOn(async () => reply);
    assert.deepEqual(await gate.admit([attemptOf('sale')]), [{ advice: 'unknown' }], JSON.stringify(reply));
  }
});

test('what is told in one turn is one call, the stock before the endings', async () => {
  const calls: (readonly string[])[] = [];
  const { gate } = gateOn(async (_script, keys) => {
    calls.push(keys);
    return [];
  });
  for (let index = 0; index < 150; index += 1) {
    gate.settle([{ attempt: attemptOf('sale'), placed: null }]);
    gate.tell([stockOf('sale', { version: index })]);
  }
  await gate.flushed();
  assert.deepEqual(
    calls.map((keys) => keys.length),
    [1, 4],
  );
});

test('closing sends what is still to be told, waits a bounded time for it, and takes no more', async () => {
  let sent = 0;
  const { gate } = gateOn(async () => {
    sent += 1;
    return [];
  });
  gate.settle([{ attempt: attemptOf('sale'), placed: null }]);
  await gate.close();
  assert.equal(sent, 1);
  await settle(gate, { attempt: attemptOf('sale'), placed: null });
  await tell(gate, stockOf('sale'));
  assert.deepEqual([sent, gate.dropped()], [1, 1]);

  const { gate: hanging } = gateOn(() => new Promise(() => undefined));
  hanging.settle([{ attempt: attemptOf('sale'), placed: null }]);
  const startedAt = performance.now();
  // What waits without a timer does not keep a process.
  const alive = setInterval(() => undefined, 1_000);
  await hanging.close();
  clearInterval(alive);
  assert.ok(performance.now() - startedAt < 4_000);
});
