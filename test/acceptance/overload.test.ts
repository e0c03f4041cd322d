import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
/** One process, because the bound of the queue is each process's own, and because it is stopped. */
let engine: TestEngine;
let shop: Shop;

before(async () => {
  database = await stage.database();
  stage.atEnd(() => assertLedgerSound(database));
  engine = await stage.engine({
    DATABASE_URL: database.url,
    PLACING_QUEUE_MAX: '5',
    PLACING_DEADLINE_MS: '1000',
    SHUTDOWN_TIMEOUT_MS: '10000',
  });
  shop = await createShop(engine.url);
});

test('PD-03 past the bound of the queue: 503 with Retry-After and how many wait; past the deadline the same; what was taken is placed', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 100 }] });
  const lock = await database.hold('SELECT FROM sales WHERE id = $1 FOR UPDATE', [sale.id]);
  const inBatch = shop.order(sale);
  await lock.blocksSomebody();
  const others = await Promise.all(Array.from({ length: 12 }, () => shop.order(sale)));
  for (const answer of others) {
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.json.code, 'overloaded');
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    assert.equal(typeof answer.json.waiting, 'number');
  }
  assert.equal(Math.max(...others.map((answer) => answer.json.waiting)), 5);
  await lock.release();
  assert.equal((await inBatch).status, 201);
  const { stock } = (await shop.readSale(sale.id)).items[0] ?? {};
  assert.deepEqual(stock, { capacity: 100, available: 99, held: 1, sold: 0 });
});

test('F-13 SIGTERM: accepted orders are finished and answered, new ones are refused, and it ends with 0', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 100 }] });
  const lock = await database.hold('SELECT FROM sales WHERE id = $1 FOR UPDATE', [sale.id]);
  const accepted = shop.order(sale);
  await lock.blocksSomebody();
  const stopped = engine.stop();
  await lock.release();
  const answer = await accepted;
  assert.equal(answer.status, 201, answer.text);
  assert.equal(await stopped, 0);
});
