import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { RedisAwayError } from '../../src/gate/circuit-breaker.ts';
import type { RedisStockGate } from '../../src/gate/redis-stock-gate.ts';
import type { Attempt } from '../../src/gate/stock-gate.ts';
import {
  adviceOf,
  attemptOf,
  casesOn,
  type GateRedis,
  keptOrder,
  NAMES,
  type OpenCase,
  RETENTION_SECONDS,
  settle,
  stockOf,
  tell,
} from '../support/stock-gate.ts';
import { testStockGateModel } from './stock-gate-model.ts';

const SALE_TTL_SECONDS = RETENTION_SECONDS + 86_400;

/** Leaves no reservation in peace, or all of them. */
const ALL_LEAKED = -1;
const NONE_LEAKED = 3_600_000;

/** Declares the tests that the gate passes on every deployment of Redis. */
export async function testStockGate(redis: GateRedis, options: { readonly modelRuns: number }): Promise<void> {
  const open = await casesOn(redis);
  testAdvice(open);
  testSettling(redis, open);
  testReconciling(redis, open);
  testFaults(redis, open);
  testStockGateModel(redis, open, options.modelRuns);
}

function testAdvice(open: OpenCase): void {
  test('nothing is known of an item: unknown, and nothing is left behind', async () => {
    const { a, saleId, snapshot } = open();
    assert.deepEqual(await adviceOf(a, attemptOf(saleId)), ['unknown']);
    assert.equal(await snapshot(), '[[],[],[],[]]');
    await tell(a, stockOf(saleId, { itemId: 'another', available: 0 }));
    const lines = ['another', 'item'].map((itemId) => ({ itemId, quantity: 1 }));
    assert.deepEqual(await adviceOf(a, attemptOf(saleId, { lines })), ['unknown'], 'before anything is refused');
    assert.equal(await snapshot(), '[[["another","0:1:"]],[],[],[]]');
  });

  test('up to what is available units are reserved; past that it is unknown who gets them; what is not there is refused', async () => {
    const { a, b, saleId, read } = open();
    await tell(a, stockOf(saleId, { available: 3 }));
    const ask = (quantity: number) => attemptOf(saleId, { lines: [{ itemId: 'item', quantity }] });
    assert.deepEqual(await adviceOf(a, ask(4), ask(2), ask(2), ask(1)), ['refuse', 'reserved', 'unknown', 'reserved']);
    assert.deepEqual(await adviceOf(b, ask(4), ask(1)), ['refuse', 'unknown']);
    assert.deepEqual(await read('reserved'), { item: '3' });
    assert.equal(Object.keys(await read('open')).length, 2, 'only what was reserved is open');
    await tell(b, stockOf(saleId, { available: 0, version: 2 }));
    assert.deepEqual(await adviceOf(a, ask(1)), ['refuse']);
  });

  test('an order gets all of its lines or none', async () => {
    const { a, saleId, read } = open();
    await tell(a, stockOf(saleId), stockOf(saleId, { itemId: 'few', available: 1 }));
    const both = () => attemptOf(saleId, { lines: ['item', 'few'].map((itemId) => ({ itemId, quantity: 1 })) });
    assert.deepEqual(await adviceOf(a, both(), both()), ['reserved', 'unknown']);
    assert.deepEqual(await read('reserved'), { item: '1', few: '1' });
  });

  test('the same operation again gets the same advice and takes nothing more: later, elsewhere, in one call, after a lost reply', async () => {
    const { a, b, saleId, read, loseReplies } = open();
    await tell(a, stockOf(saleId, { available: 1 }));
    const attempt = attemptOf(saleId);
    loseReplies(1);
    await assert.rejects(a.admit([attempt]), RedisAwayError);
    assert.deepEqual(await adviceOf(a, attempt, attempt), ['reserved', 'reserved']);
    assert.deepEqual(await adviceOf(b, attempt), ['reserved']);
    assert.deepEqual(await read('reserved'), { item: '1' });

    await settle(a, { attempt, placed: null });
    const another = attemptOf(saleId);
    assert.deepEqual(await adviceOf(a, another, another), ['reserved', 'reserved']);
    assert.deepEqual(await read('reserved'), { item: '1' });
  });

  test('64 at once over two processes never reserve more than there is, and nobody is refused while it is undecided', async () => {
    const { a, b, saleId, read } = open();
    await tell(a, stockOf(saleId, { available: 10 }));
    const advice = await Promise.all(
      Array.from({ length: 64 }, (_, index) => adviceOf(index % 2 ? a : b, attemptOf(saleId))),
    );
    const count = (wanted: string) => advice.flat().filter((got) => got === wanted).length;
    assert.deepEqual([count('reserved'), count('unknown')], [10, 54]);
    assert.deepEqual(await read('reserved'), { item: '10' });
  });

  test('a customer who has the limit of an item is refused, another is not', async () => {
    const { a, b, saleId, read } = open();
    const limited = stockOf(saleId, { limitPerCustomer: 2 });
    await tell(a, limited, stockOf(saleId, { itemId: 'free' }));
    const lines = ['item', 'free'].map((itemId) => ({ itemId, quantity: 1 }));
    const attempt = attemptOf(saleId, { customerId: 'one', lines });
    await adviceOf(a, attempt);
    const ending = { attempt, placed: keptOrder() };
    await settle(a, ending, ending);
    await settle(b, ending);
    assert.deepEqual(await read('units'), { 'item/one': '1' }, 'once, and of limited items only');

    const ask = (customerId: string, quantity: number) =>
      attemptOf(saleId, { customerId, lines: [{ itemId: 'item', quantity }] });
    assert.deepEqual(await adviceOf(b, ask('one', 2), ask('one', 1), ask('two', 2), ask('two', 3)), [
      'refuse',
      'reserved',
      'reserved',
      'refuse',
    ]);
    await tell(b, { ...limited, limitPerCustomer: null, version: 2 });
    assert.deepEqual(await adviceOf(a, ask('one', 2)), ['reserved']);
  });

  test('attempts of several sales, more than one call takes, get their advice in their order', async () => {
    const cases = [open(), open(), open()];
    const { a } = open();
    const sales = cases.map(({ saleId }) => saleId);
    await tell(a, ...sales.slice(1).map((saleId, index) => stockOf(saleId, { available: 400 * index })));
    const attempts = Array.from({ length: 900 }, (_, index) => attemptOf(sales[index % 3] ?? ''));
    const advice = await adviceOf(a, ...attempts);
    assert.deepEqual(
      advice,
      attempts.map((_, index) => ['unknown', 'refuse', 'reserved'][index % 3]),
    );
    assert.deepEqual(await adviceOf(a), []);
  });

  test('orders of many lines are served, however many there are', async () => {
    const { a, saleId, read } = open();
    const stock = Array.from({ length: 500 }, (_, index) =>
      stockOf(saleId, { itemId: `item-${index}`, available: 100 }),
    );
    await tell(a, ...stock);
    const attempts = Array.from({ length: 100 }, (_, index) =>
      attemptOf(saleId, {
        lines: Array.from({ length: 50 }, (__, line) => ({ itemId: `item-${(index + 10 * line) % 500}`, quantity: 2 })),
      }),
    );
    assert.deepEqual(new Set(await adviceOf(a, ...attempts)), new Set(['reserved']));
    await settle(a, ...attempts.map((attempt) => ({ attempt, placed: null })));
    assert.deepEqual([await read('reserved'), await read('open')], [{}, {}]);
    const found = await a.reconcile(stock, NONE_LEAKED);
    assert.deepEqual(found, { driftUnits: 0, repaired: 0, leaked: 0, open: 0 });
  });
}

function testSettling(redis: GateRedis, open: OpenCase): void {
  test('an ended attempt gives its reservation back once; one that is not open gives nothing back', async () => {
    const { a, b, saleId, read, loseReplies } = open();
    await tell(a, stockOf(saleId));
    const attempts = [1, 2, 3].map((quantity) => attemptOf(saleId, { lines: [{ itemId: 'item', quantity }] }));
    const [one, two, three] = attempts;
    if (!one || !two || !three) throw new Error('There are three.');
    await adviceOf(a, ...attempts);
    loseReplies(1);
    await settle(a, { attempt: one, placed: null });
    await settle(b, { attempt: one, placed: null }, { attempt: attemptOf(saleId), placed: null });
    assert.deepEqual(await read('reserved'), { item: '5' });
    await settle(b, { attempt: two, placed: keptOrder() }, { attempt: two, placed: null });
    await settle(a, { attempt: two, placed: keptOrder() });
    assert.deepEqual(await read('reserved'), { item: '3' });
    await settle(a, { attempt: three, placed: null });
    assert.deepEqual([await read('reserved'), await read('open')], [{}, {}]);
  });

  test('a kept answer comes back character for character, before anything else is asked', async () => {
    const { a, b, saleId } = open();
    const orders = [
      {},
      { name: 'ä 漢字 😀 \u0000 \u2028 "\\ {a} \ud800', line: 'one\r\ntwo' },
      { metadata: { note: '😀'.repeat(5_000), text: 'x'.repeat(10_000) } },
    ];
    await tell(a, stockOf(saleId, { available: 0 }));
    for (const order of orders) {
      const attempt = attemptOf(saleId);
      const kept = keptOrder(order);
      await settle(a, { attempt, placed: kept });
      const [advice] = await b.admit([{ ...attempt, operationId: randomUUID() }]);
      assert.deepEqual(advice, { advice: 'answered', kept });
    }
  });

  test('an answer belongs to its caller, key, sale and ledger', async () => {
    const { a, saleId } = open();
    const attempt = attemptOf(saleId, { placedBy: 'me', idempotencyKey: 'key' });
    await settle(a, { attempt, placed: keptOrder() });
    const others: Partial<Attempt>[] = [
      { placedBy: 'you' },
      { idempotencyKey: 'KEY' },
      { idempotencyKey: 'key ' },
      { idempotencyKey: '*' },
      { saleId: randomUUID() },
    ];
    for (const other of others) {
      assert.deepEqual(await adviceOf(a, { ...attempt, ...other }), ['unknown'], JSON.stringify(other));
    }
    assert.deepEqual(await adviceOf(open().a, attempt), ['unknown'], 'another ledger');
    assert.deepEqual(await adviceOf(a, { ...attempt, customerId: 'whoever' }), ['answered']);
  });

  test('all that is kept goes away by itself', async () => {
    const { a, saleId, keyOf } = open();
    await tell(a, stockOf(saleId, { limitPerCustomer: 5 }));
    const attempt = attemptOf(saleId);
    const ttlOf = async (name: string) => Number(await redis.query('TTL', keyOf(name)));
    await adviceOf(a, attempt, attemptOf(saleId));
    for (const name of ['reserved', 'open']) assert.ok((await ttlOf(name)) > 0, `${name} after admission`);
    await settle(a, { attempt, placed: keptOrder() });
    for (const name of NAMES) {
      const ttl = await ttlOf(name);
      assert.ok(ttl > SALE_TTL_SECONDS - 60 && ttl <= SALE_TTL_SECONDS, `${name}: ${ttl}`);
    }
    const ttl = await ttlOf(`kept:${attempt.placedBy}/${attempt.idempotencyKey}`);
    assert.ok(ttl > RETENTION_SECONDS - 60 && ttl <= RETENTION_SECONDS, `kept: ${ttl}`);

    await redis.query('EXPIRE', keyOf('units'), 100);
    await redis.query('EXPIRE', keyOf('stock'), 100);
    await settle(a, { attempt: attemptOf(saleId), placed: keptOrder() });
    assert.ok((await ttlOf('units')) <= 100, 'units begin anew however busy the sale is');
    assert.ok((await ttlOf('stock')) > 100);
  });

  test('the newest version of an item wins, whatever comes last', async () => {
    const { a, b, saleId, read } = open();
    const told = async (gate: RedisStockGate, available: number, version: number) => {
      await tell(gate, stockOf(saleId, { available, version }));
      return (await read('stock'))['item'];
    };
    assert.equal(await told(a, 5, 7), '5:7:');
    assert.equal(await told(b, 9, 6), '5:7:');
    assert.equal(await told(b, 9, 7), '5:7:', 'the same version is the same stock');
    assert.equal(await told(b, 0, 10), '0:10:', 'as numbers');
    assert.equal(await told(a, 5, 9), '0:10:');
    a.tell([stockOf(saleId, { available: 2, version: 12 })]);
    a.tell([stockOf(saleId, { available: 1, version: 11, limitPerCustomer: 3 })]);
    await a.flushed();
    assert.equal((await read('stock'))['item'], '2:12:', 'also while it waits to be told');
  });
}

function testReconciling(redis: GateRedis, open: OpenCase): void {
  test('missing and older pairs are taken in; they are no drift', async () => {
    const { a, saleId, read } = open();
    await tell(a, stockOf(saleId, { available: 5, version: 3 }));
    const stock = [
      stockOf(saleId, { available: 2, version: 4 }),
      stockOf(saleId, { itemId: 'new', limitPerCustomer: 2 }),
    ];
    const found = await a.reconcile(stock, NONE_LEAKED);
    assert.deepEqual(found, { driftUnits: 0, repaired: 0, leaked: 0, open: 0 });
    assert.deepEqual(await read('stock'), { item: '2:4:', new: '10:1:2' });
  });

  test('a pair that differs at the same version is repaired, and counted', async () => {
    const { a, saleId, read } = open();
    await tell(
      a,
      stockOf(saleId, { available: 5 }),
      stockOf(saleId, { itemId: 'b', available: 1, limitPerCustomer: 1 }),
    );
    const stock = [
      stockOf(saleId, { available: 2 }),
      stockOf(saleId, { itemId: 'b', available: 5, limitPerCustomer: 2 }),
    ];
    assert.deepEqual(await a.reconcile(stock, NONE_LEAKED), { driftUnits: 7, repaired: 2, leaked: 0, open: 0 });
    assert.deepEqual(await read('stock'), { item: '2:1:', b: '5:1:2' });
    assert.deepEqual(await a.reconcile(stock, NONE_LEAKED), { driftUnits: 0, repaired: 0, leaked: 0, open: 0 });
  });

  test('a pair ahead of the ledger is a commit at first; if the ledger still has not written it, it is replaced', async () => {
    const { a, b, saleId, read } = open();
    await tell(a, stockOf(saleId, { available: 3, version: 1_000 }));
    const ledger = stockOf(saleId, { available: 9, version: 5 });
    assert.equal((await a.reconcile([ledger], NONE_LEAKED)).repaired, 0);
    assert.equal((await b.reconcile([ledger], NONE_LEAKED)).repaired, 0, 'each process trusts its own reads only');
    assert.deepEqual(await read('stock'), { item: '3:1000:' });
    const found = await a.reconcile([{ ...ledger, available: 8, version: 6 }], NONE_LEAKED);
    assert.deepEqual(found, { driftUnits: 5, repaired: 1, leaked: 0, open: 0 });
    assert.equal((await b.reconcile([ledger], NONE_LEAKED)).repaired, 0, 'it is another pair now');
    assert.deepEqual(await read('stock'), { item: '8:6:' });
  });

  test('commits between the reading of the ledger and the comparison are never taken for drift', async () => {
    const { a, b, saleId, read } = open();
    for (let version = 1; version < 50; version += 1) {
      await tell(b, stockOf(saleId, { available: 100 - version, version: version + 1 }));
      const found = await a.reconcile([stockOf(saleId, { available: 101 - version, version })], NONE_LEAKED);
      assert.deepEqual(found, { driftUnits: 0, repaired: 0, leaked: 0, open: 0 });
    }
    assert.deepEqual(await read('stock'), { item: '51:50:' });
  });

  test('a leaked reservation is given back once, though two processes reconcile at once; a young one stays', async () => {
    const { a, b, saleId, read } = open();
    await tell(a, stockOf(saleId, { available: 100 }));
    const old = Array.from({ length: 20 }, () => attemptOf(saleId));
    await adviceOf(a, ...old);
    await pause(300);
    const young = attemptOf(saleId, { lines: [{ itemId: 'item', quantity: 7 }] });
    await adviceOf(a, young);
    const stock = [stockOf(saleId, { available: 100 })];
    const found = await Promise.all([a, b, a, b].map((gate) => gate.reconcile(stock, 250)));
    assert.equal(
      found.reduce((sum, { leaked }) => sum + leaked, 0),
      20,
    );
    assert.deepEqual(
      found.map((each) => each.open),
      [1, 1, 1, 1],
    );
    assert.deepEqual(await read('reserved'), { item: '7' });
    await settle(b, ...old.map((attempt) => ({ attempt, placed: null })));
    assert.deepEqual(await read('reserved'), { item: '7' }, 'an end told too late gives nothing back again');
  });

  test('a reservation from the future, of a clock that was ahead, leaks as well', async () => {
    const { a, saleId, read, keyOf } = open();
    await redis.query('HSET', keyOf('open'), 'operation', `${Date.now() + 10 * NONE_LEAKED} 3 item`);
    assert.deepEqual(await a.reconcile([stockOf(saleId)], NONE_LEAKED), {
      driftUnits: 0,
      repaired: 0,
      leaked: 1,
      open: 0,
    });
    assert.deepEqual(await read('open'), {});
  });

  test('reserved sums are calculated anew from the open reservations, of all items of the sale', async () => {
    const { a, saleId, read, keyOf } = open();
    await tell(a, stockOf(saleId), stockOf(saleId, { itemId: 'other' }));
    await adviceOf(a, attemptOf(saleId), attemptOf(saleId, { lines: [{ itemId: 'other', quantity: 4 }] }));
    await redis.query('HSET', keyOf('reserved'), 'item', '10', 'other', '-3', 'nobody', '5');
    assert.equal((await a.reconcile([stockOf(saleId)], NONE_LEAKED)).open, 2);
    assert.deepEqual(await read('reserved'), { item: '1', other: '4' });
    assert.equal((await a.reconcile([stockOf(saleId)], ALL_LEAKED)).leaked, 2);
    assert.deepEqual(await read('reserved'), {});
  });

  test('several sales of many items are compared at once; their open reservations are counted once', async () => {
    const cases = Array.from({ length: 20 }, open);
    const { a } = open();
    const stock = cases.flatMap(({ saleId }, sale) =>
      Array.from({ length: sale === 0 ? 450 : 1 }, (_, index) => stockOf(saleId, { itemId: `item-${index}` })),
    );
    await a.reconcile(stock, NONE_LEAKED);
    const lines = [{ itemId: 'item-0', quantity: 1 }];
    await adviceOf(a, ...cases.map(({ saleId }) => attemptOf(saleId, { lines })));
    const found = await a.reconcile(
      stock.map((item) => ({ ...item, available: 9 })),
      NONE_LEAKED,
    );
    assert.deepEqual(found, { driftUnits: 469, repaired: 469, leaked: 0, open: 20 });
    assert.equal((await a.reconcile(stock, ALL_LEAKED)).leaked, 20);
  });
}

function testFaults(redis: GateRedis, open: OpenCase): void {
  test('F-06 a script whose reply was lost and that is called again changes nothing more', async () => {
    const { a, saleId, loseReplies, snapshot } = open();
    const stock = stockOf(saleId, { limitPerCustomer: 5 });
    await tell(a, stock);
    const attempt = attemptOf(saleId);
    const steps: [name: string, step: () => Promise<unknown>][] = [
      ['admit', () => a.admit([attempt])],
      ['settle', () => settle(a, { attempt, placed: keptOrder({ id: 1 }) })],
      ['tell', () => tell(a, { ...stock, available: 9, version: 2 })],
      ['reconcile', () => a.reconcile([{ ...stock, available: 9, version: 2 }], NONE_LEAKED)],
    ];
    for (const [name, step] of steps) {
      loseReplies(1);
      await step().catch((error: unknown) => assert.ok(error instanceof RedisAwayError));
      const once = await snapshot();
      await step();
      assert.equal(await snapshot(), once, name);
    }
  });

  test('F-05 FLUSHALL between any two calls: nothing is known, nothing is wrong, and the next comparison loads it all', async () => {
    const { a, b, saleId, read, errors } = open();
    const stock = stockOf(saleId, { limitPerCustomer: 5 });
    const attempt = attemptOf(saleId);
    const steps: (() => Promise<unknown>)[] = [
      () => tell(a, stock),
      () => adviceOf(a, attempt),
      () => settle(a, { attempt, placed: keptOrder() }),
      () => tell(b, { ...stock, available: 9, version: 2 }),
      () => b.reconcile([{ ...stock, available: 9, version: 2 }], NONE_LEAKED),
    ];
    for (let flushedAfter = 0; flushedAfter < steps.length; flushedAfter += 1) {
      await redis.flushAll();
      for (const [index, step] of steps.entries()) {
        await step();
        if (index !== flushedAfter) continue;
        await redis.flushAll();
        assert.deepEqual(await adviceOf(b, attemptOf(saleId)), ['unknown']);
      }
      await a.reconcile([{ ...stock, available: 9, version: 2 }], NONE_LEAKED);
      assert.deepEqual([await read('stock'), await read('reserved'), await read('open')], [{ item: '9:2:5' }, {}, {}]);
    }
    assert.deepEqual(errors, []);
  });

  test('F-08 scripts that Redis has forgotten are taught again', async () => {
    const { a, saleId, read, errors } = open();
    const attempt = attemptOf(saleId);
    const steps: (() => Promise<unknown>)[] = [
      () => tell(a, stockOf(saleId)),
      () => adviceOf(a, attempt),
      () => settle(a, { attempt, placed: keptOrder() }),
      () => a.reconcile([stockOf(saleId)], NONE_LEAKED),
    ];
    for (const step of steps) {
      await redis.scriptFlush();
      await step();
    }
    assert.deepEqual([await read('stock'), await read('open')], [{ item: '10:1:' }, {}]);
    assert.deepEqual(errors, []);
  });

  test('a key of another type: unknown, reported once, and the next comparison repairs it', async () => {
    const { a, saleId, errors, keyOf, read } = open();
    const stock = stockOf(saleId, { limitPerCustomer: 5 });
    for (const name of NAMES) {
      await a.reconcile([stock], ALL_LEAKED);
      errors.length = 0;
      await redis.query('DEL', keyOf(name));
      await redis.query('SET', keyOf(name), 'rubbish');
      for (let round = 0; round < 3; round += 1) {
        assert.deepEqual(await adviceOf(a, attemptOf(saleId)), ['unknown'], name);
      }
      assert.equal(errors.length, 1, name);
      await settle(a, { attempt: attemptOf(saleId), placed: keptOrder() });
      await tell(a, stock);
      const { repaired } = await a.reconcile([stock], ALL_LEAKED);
      assert.equal(repaired, name === 'stock' ? 1 : 0);
      assert.deepEqual(await adviceOf(a, attemptOf(saleId)), ['reserved'], name);
      assert.deepEqual(await read('stock'), { item: '10:1:5' });
    }
  });

  test('rubbish in a pair: unknown until it is told again or compared', async () => {
    const { a, saleId, keyOf, read } = open();
    const rubbish = ['', 'x', '10', '-1:5:', '1.5:1:', '10:1', '10:1:x', '10:1: ', '{"available":1}', '1e3:1:', ':::'];
    const stock = stockOf(saleId, { available: 4, version: 2 });
    for (const pair of rubbish) {
      const write = () => redis.query('HSET', keyOf('stock'), 'item', pair);
      await write();
      assert.deepEqual(await adviceOf(a, attemptOf(saleId)), ['unknown'], pair);
      await tell(a, stock);
      assert.deepEqual(await read('stock'), { item: '4:2:' }, pair);
      await write();
      assert.equal((await a.reconcile([stock], NONE_LEAKED)).repaired, 1, pair);
      assert.deepEqual(await read('stock'), { item: '4:2:' }, pair);
    }
    const endless = `${'9'.repeat(400)}:${'9'.repeat(400)}:`;
    await redis.query('HSET', keyOf('stock'), 'item', endless);
    assert.deepEqual(await a.reconcile([stock], NONE_LEAKED), { driftUnits: 0, repaired: 1, leaked: 0, open: 0 });
  });

  test('rubbish in sums, reservations and units: never more is reserved than there is, and the comparison mends it', async () => {
    const { a, saleId, keyOf, read, errors } = open();
    const stock = stockOf(saleId, { available: 2, limitPerCustomer: 5 });
    await tell(a, stock);
    const attempt = attemptOf(saleId);
    await adviceOf(a, attempt);
    for (const rubbish of ['', 'x', '-5', '0.5', 'nan', 'inf', '1e9']) {
      await redis.query('HSET', keyOf('reserved'), 'item', rubbish);
      assert.deepEqual(await adviceOf(a, attemptOf(saleId)), ['unknown'], rubbish);
      assert.equal((await a.reconcile([stock], NONE_LEAKED)).open, 1);
      assert.deepEqual(await read('reserved'), { item: '1' }, rubbish);
    }
    for (const rubbish of ['', 'x', 'soon 5 item', '-5 1 item']) {
      await redis.query('HSET', keyOf('open'), 'nobody', rubbish);
      assert.deepEqual(await a.reconcile([stock], NONE_LEAKED), { driftUnits: 0, repaired: 0, leaked: 1, open: 1 });
    }
    await redis.query('HSET', keyOf('open'), attempt.operationId, 'rubbish');
    await redis.query('HSET', keyOf('reserved'), 'item', 'rubbish');
    await redis.query('HSET', keyOf('units'), 'item/customer', 'rubbish');
    await settle(a, { attempt, placed: keptOrder() });
    assert.deepEqual([await read('open'), await read('units')], [{}, { 'item/customer': '1' }]);
    await a.reconcile([stock], NONE_LEAKED);
    assert.deepEqual(await read('reserved'), {});

    const large = attemptOf(saleId, { lines: [{ itemId: 'item', quantity: 2 }] });
    await adviceOf(a, large);
    await redis.query('HSET', keyOf('reserved'), 'item', '1');
    await settle(a, { attempt: large, placed: null });
    assert.deepEqual(await read('reserved'), {}, 'a sum that was too small does not become negative');
    assert.deepEqual(errors, []);
  });

  test('what somebody wrote over a kept answer, cut off or moved to another key, is never given as an answer', async () => {
    const { a, saleId, keyOf } = open();
    const attempt = attemptOf(saleId, { idempotencyKey: 'mine' });
    const other = attemptOf(saleId, { idempotencyKey: 'other' });
    const key = keyOf('kept:customer/mine');
    const kept = keptOrder({ id: 'mine' });
    const ending = { attempt, placed: kept };
    await settle(a, ending, { attempt: other, placed: keptOrder({ id: 'other' }) });
    const edits: (string | number)[][] = [
      ['SETRANGE', key, 150, 'x'],
      ['SETRANGE', key, 50, '0'],
      ['APPEND', key, ' }'],
      ['SET', key, ''],
      ['SET', key, 'rubbish'],
      ['SET', key, '{"id":"mine"}'],
      ['COPY', keyOf('kept:customer/other'), key, 'REPLACE'],
      ['HSET', key, 'a', 'b'],
      ['LPUSH', key, 'a'],
    ];
    for (const [command, ...args] of edits) {
      if (command === 'HSET' || command === 'LPUSH') await redis.query('DEL', key);
      await redis.query(String(command), ...args);
      assert.deepEqual(await adviceOf(a, attempt), ['unknown'], String(command));
      await settle(a, ending);
      assert.deepEqual(await a.admit([attempt]), [{ advice: 'answered', kept }], 'the next end of the key mends it');
    }
  });

  test('so many open reservations are counted; past that attempts go on without one', async () => {
    const { a, saleId, keyOf, read } = open();
    const stock = stockOf(saleId, { available: 1_000_000 });
    await tell(a, stock);
    const fields = Array.from({ length: 9_995 }, (_, index) => [`operation-${index}`, `${Date.now()} 1 item`]).flat();
    await redis.query('HSET', keyOf('open'), ...fields);
    const advice = await adviceOf(a, ...Array.from({ length: 10 }, () => attemptOf(saleId)));
    assert.deepEqual(advice, [...Array(5).fill('reserved'), ...Array(5).fill('unknown')]);
    assert.equal((await a.reconcile([stock], NONE_LEAKED)).open, 10_000);
    assert.deepEqual(await read('reserved'), { item: '10000' });
    assert.equal((await a.reconcile([stock], ALL_LEAKED)).leaked, 10_000);
    assert.deepEqual(await read('open'), {});
  });
}
