import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createCuttingProxy } from '../../test/support/cutting-proxy.ts';
import type { TestDatabase } from '../../test/support/database.ts';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { scaled } from '../../test/support/scale.ts';
import { createStage, type Stage } from '../../test/support/stage.ts';
import type { Database } from '../ledger/database.ts';
import { type PublishedEvent, readOutboxLag } from '../ledger/outbox.ts';
import type { Queryable } from '../ledger/statement.ts';
import { type MakeDeliveries, publishEvents } from './publish-events.ts';
import { createStepOrders, type StepOrders } from './step-orders.ts';
import { writeOrders } from './write-orders.ts';

const SETTLE_MS = 5_000;

interface Scene {
  readonly database: TestDatabase;
  readonly ledger: Database;
  readonly saleId: string;
  /** Places so many orders in one batch; their ids. */
  place(count: number): Promise<string[]>;
  /** Makes the next version of each. */
  cancel(orderIds: readonly string[]): Promise<void>;
  /** Publishes until nothing waits. */
  empty(): Promise<void>;
  /** Every event of the history was told once, the versions of an order in turn, and the counts are those of the orders. */
  assertAllTold(): Promise<void>;
}

/** Writes what was told into a table, in the transaction that tells of it, as deliveries are. */
const writeDown: MakeDeliveries = async (transaction, events) => {
  await transaction.query(
    { name: 'write_down', text: 'INSERT INTO told (order_id, version) SELECT * FROM unnest($1::uuid[], $2::int[])' },
    [events.map(({ orderId }) => orderId), events.map(({ version }) => version)],
  );
};

async function setUp(stage: Stage): Promise<Scene> {
  const database = await stage.database();
  // No key: what is told twice must show.
  await database.query('CREATE TABLE told (place bigserial, order_id uuid, version int)');
  const ledger = openLedger(database, false);
  const placing = openLedger(database);
  const steps: StepOrders = createStepOrders({ database: placing, waitingMax: 10_000, deadlineMs: SETTLE_MS });
  stage.atEnd(() => Promise.all([ledger.close(), steps.close().then(() => placing.close())]));
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1_000_000 }]);

  return {
    database,
    ledger,
    saleId,
    async place(count) {
      const requests = Array.from({ length: count }, () => orderRequest(saleId, itemIds));
      const outcomes = await writeOrders(placing, requests, SETTLE_MS);
      assert.ok(outcomes.every(({ outcome }) => outcome === 'accepted'));
      return requests.map(({ orderId }) => orderId);
    },
    async cancel(orderIds) {
      const outcomes = await Promise.all(orderIds.map((orderId) => steps(cancellation(orderId))));
      assert.ok(outcomes.every(({ outcome }) => outcome === 'stepped'));
    },
    async empty() {
      while ((await publishEvents(ledger, 1_000, writeDown)).published > 0);
    },
    async assertAllTold() {
      const wrong = await database.query(`
        SELECT 'not told once' AS fault, order_id, version, count(told.place) AS told
        FROM order_events LEFT JOIN told USING (order_id, version)
        GROUP BY order_id, version HAVING count(told.place) <> 1
        UNION ALL
        SELECT 'told of what did not happen', order_id, version, 1
        FROM told LEFT JOIN order_events USING (order_id, version) WHERE order_events.type IS NULL
        UNION ALL
        SELECT 'told out of turn', order_id, version, place
        FROM (SELECT *, lag(version) OVER (PARTITION BY order_id ORDER BY place) AS before FROM told) AS told
        WHERE version <> coalesce(before, 0) + 1`);
      assert.deepEqual(wrong, []);
      assert.deepEqual(await readOutboxLag(ledger), { events: 0, oldestSeconds: 0 });
      assert.deepEqual(
        await database.query(`SELECT status, orders::int FROM sale_order_counts WHERE orders <> 0 ORDER BY status`),
        await database.query(`SELECT status, count(*)::int AS orders FROM orders GROUP BY status ORDER BY status`),
      );
      assert.deepEqual(
        await database.query(`SELECT second, orders FROM sale_order_rates ORDER BY second`),
        await database.query(
          `SELECT date_trunc('second', placed_at) AS second, count(*)::int AS orders FROM orders GROUP BY 1 ORDER BY 1`,
        ),
      );
      await assertLedgerSound(database);
    },
  };
}

function cancellation(orderId: string): Parameters<StepOrders>[0] {
  return {
    kind: 'intent',
    orderId,
    step: { intent: 'cancellation', reason: null, restock: null, retainMinor: null },
    actorId: randomUUID(),
    roles: new Set(['owner']),
    expected: () => true,
    idempotencyKey: randomUUID(),
    fingerprint: 'ab'.repeat(32),
    requestId: 'test',
    traceParent: null,
  };
}

/** Relays that run until they are stopped. What a broken connection fails is tried again, as the loop does. */
function startRelays(stage: Stage, databases: readonly Database[], limit: number) {
  let stopping = false;
  let failures = 0;
  const relays = databases.map(async (database) => {
    while (!stopping) {
      try {
        await publishEvents(database, limit, writeDown);
      } catch {
        failures += 1;
      }
    }
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all(relays);
  };
  stage.atEnd(stop);
  return { failures: () => failures, stop };
}

test('what is told says what happened: the type, the status before and after, whose sale it is', async (t) => {
  const { ledger, database, saleId, place, cancel } = await setUp(createStage(t));
  const [orderId = ''] = await place(1);
  await cancel([orderId]);
  const told: PublishedEvent[] = [];
  const keep: MakeDeliveries = async (_transaction: Queryable, events) => void told.push(...events);
  assert.deepEqual(await publishEvents(ledger, 10, keep), { published: 2, more: false });
  const [{ merchant_id: merchantId } = { merchant_id: '' }] = await database.query<{ merchant_id: string }>(
    'SELECT merchant_id FROM sales WHERE id = $1',
    [saleId],
  );
  const common = { orderId, saleId, merchantId, traceParent: null };
  assert.deepEqual(
    told.map(({ occurredAt, ...rest }) => ({ ...rest, recent: Date.now() - occurredAt.getTime() < 60_000 })),
    [
      { ...common, version: 1, type: 'order.placed', status: 'pending_payment', previousStatus: null, recent: true },
      {
        ...common,
        version: 2,
        type: 'order.cancelled',
        status: 'cancelled',
        previousStatus: 'pending_payment',
        recent: true,
      },
    ],
  );
  assert.deepEqual(await publishEvents(ledger, 10, keep), { published: 0, more: false });
});

test('one run does a bounded amount of work and tells whether more waits', async (t) => {
  const scene = await setUp(createStage(t));
  await scene.place(25);
  assert.deepEqual(await publishEvents(scene.ledger, 10, writeDown), { published: 10, more: true });
  assert.equal((await readOutboxLag(scene.ledger)).events, 15);
  await scene.empty();
  await scene.assertAllTold();
});

test('a transaction that stays open for long hides no event: what commits meanwhile is told at once, and what it commits late, too', async (t) => {
  const stage = createStage(t);
  const scene = await setUp(stage);
  const { database, ledger, place, cancel } = scene;
  const idleSeconds = scaled(3, 60);
  const [late = ''] = await place(1);
  await scene.empty();
  // Its transaction began, and its event was written, before all that follows.
  const open = await database.hold(
    `UPDATE orders SET version = 2 WHERE id = '${late}';
     INSERT INTO order_events (order_id, version, type, status, occurred_at)
     VALUES ('${late}', 2, 'order.noted', 'pending_payment', clock_timestamp())`,
  );
  const relays = startRelays(stage, [ledger], 200);
  const until = Date.now() + idleSeconds * 1_000;
  let placed = 0;
  while (Date.now() < until) {
    const orderIds = await place(50);
    await cancel(orderIds.slice(0, 10));
    placed += orderIds.length;
    await database.until('SELECT 1 WHERE NOT EXISTS (SELECT FROM outbox)');
  }
  assert.deepEqual(await database.query('SELECT count(*)::int FROM told WHERE version = 1'), [{ count: placed + 1 }]);
  await open.release();
  await database.until('SELECT FROM told WHERE order_id = $1 AND version = 2', [late]);
  await relays.stop();
  await scene.assertAllTold();
});

test('three relays at once tell each event once, and the versions of an order in turn', async (t) => {
  const stage = createStage(t);
  const scene = await setUp(stage);
  const ledgers = [1, 2, 3].map(() => openLedger(scene.database, false));
  stage.atEnd(() => Promise.all(ledgers.map((ledger) => ledger.close())));
  // Small runs, so that they meet at every order.
  const relays = startRelays(stage, ledgers, 7);
  const rounds = scaled(12, 200);
  for (let round = 0; round < rounds; round += 1) await scene.cancel(await scene.place(40));
  await scene.database.until('SELECT 1 WHERE NOT EXISTS (SELECT FROM outbox)');
  await relays.stop();
  assert.equal(relays.failures(), 0);
  await scene.assertAllTold();
});

test('a relay that hangs holds up its own orders only: another passes over them, with all that follows', async (t) => {
  const scene = await setUp(createStage(t));
  const [stuck = ''] = await scene.place(1);
  const taken = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const hanging = publishEvents(scene.ledger, 10, async (transaction, events) => {
    taken.resolve();
    await goOn.promise;
    await writeDown(transaction, events);
  });
  await taken.promise;
  await scene.cancel([stuck]);
  const others = await scene.place(3);
  assert.equal((await publishEvents(scene.ledger, 10, writeDown)).published, 3);
  const told = await scene.database.query<{ order_id: string }>('SELECT order_id FROM told ORDER BY order_id');
  assert.deepEqual(
    told.map(({ order_id }) => order_id),
    others.toSorted(),
  );
  goOn.resolve();
  assert.equal((await hanging).published, 1);
  await scene.empty();
  await scene.assertAllTold();
});

test('a relay that loses its connection around COMMIT has told of its events or of none', async (t) => {
  const stage = createStage(t);
  const scene = await setUp(stage);
  const proxy = await createCuttingProxy({ port: Number(new URL(scene.database.url).port) });
  const ledger = openLedger({ url: proxy.url(scene.database.url) }, false);
  stage.atEnd(() => ledger.close().then(() => proxy.close()));
  for (const cut of ['before-commit', 'after-commit', 'before-commit', 'after-commit'] as const) {
    await scene.cancel(await scene.place(20));
    proxy.cutNext(cut);
    await assert.rejects(publishEvents(ledger, 1_000, writeDown));
    const { events } = await readOutboxLag(scene.ledger);
    assert.equal(events > 0, cut === 'before-commit');
    await scene.empty();
  }
  assert.equal(proxy.cuts(), 4);
  await scene.assertAllTold();
});

test('a relay whose process is killed again and again counts each event once all the same', async (t) => {
  const stage = createStage(t);
  const scene = await setUp(stage);
  let worker = await stage.engine({ DATABASE_URL: scene.database.url, ROLE: 'worker' });
  for (let kills = 0; kills < scaled(2, 10); kills += 1) {
    await scene.cancel(await scene.place(100));
    await scene.cancel(await scene.place(100));
    await scene.database.until('SELECT FROM sale_order_counts LIMIT 1');
    const placing = scene.place(300);
    await worker.kill();
    await placing;
    worker = await stage.engine({ DATABASE_URL: scene.database.url, ROLE: 'worker' });
  }
  await scene.database.until('SELECT 1 WHERE NOT EXISTS (SELECT FROM outbox)');
  // The worker writes nothing down; its counts show what it told of.
  await scene.database.query(
    'INSERT INTO told (order_id, version) SELECT order_id, version FROM order_events ORDER BY 1, 2',
  );
  await scene.assertAllTold();
});
