import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });

/** Orders in a round at whose end a worker is killed. */
const ORDERS = 40;
/** The worker is killed after so much of a round has arrived, evenly spread, or just before anything has. */
const arrivedBeforeKill = (round: number) => (round * 17) % ORDERS;

interface Scene {
  readonly database: TestDatabase;
  readonly shop: Shop;
  readonly sale: Sale;
  readonly receiver: Receiver;
  readonly secret: string;
  startWorker(): Promise<TestEngine>;
}

async function setUp(): Promise<Scene> {
  const database = await stage.database();
  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: '',
    WEBHOOK_ALLOW_PRIVATE: 'true',
    WEBHOOK_TIMEOUT_MS: '500',
  };
  const api = await stage.engine({ ...settings, ROLE: 'api' });
  const receiver = await createReceiver();
  stage.atEnd(receiver.close);
  const shop = await createShop(api.url);
  const made = await send('POST', `${api.url}/api/v1/merchants/${shop.merchantId}/webhook-endpoints`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { url: receiver.url },
  });
  assert.equal(made.status, 201, made.text);
  const sale = await shop.createSale({ items: [{ capacity: 1_000_000 }] });
  return {
    database,
    shop,
    sale,
    receiver,
    secret: made.json.secret,
    startWorker: () => stage.engine({ ...settings, ROLE: 'worker', PUBLIC_URL: api.url }),
  };
}

test('WH-01 workers are killed at any moment: every event arrives, at least once, and none is invented', async (t) => {
  const { database, shop, sale, receiver, secret, startWorker } = await setUp();
  const rounds = scaled(3, 100);
  for (let round = 0; round < rounds; round += 1) {
    const before = receiver.received.length;
    const starting = startWorker();
    await Promise.all(Array.from({ length: ORDERS }, () => shop.order(sale)));
    const worker = await starting;
    await receiver.until(before + arrivedBeforeKill(round));
    await worker.kill();
  }
  await startWorker();
  await database.until(`
    SELECT 1 WHERE NOT EXISTS (SELECT FROM outbox)
      AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE status <> 'delivered')`);

  const events = await database.query<{ id: string }>(
    `SELECT 'evt_' || replace(order_id::text, '-', '') || '_' || version AS id FROM order_events`,
  );
  const arrived = receiver.received.map(({ headers }) => headers['webhook-id'] ?? '');
  assert.equal(events.length, rounds * ORDERS);
  assert.deepEqual([...new Set(arrived)].sort(), events.map(({ id }) => id).sort());
  for (const { body, headers } of receiver.received) new Webhook(secret).verify(body, headers);
  const [deliveries] = await database.query('SELECT count(*)::int AS count FROM webhook_deliveries');
  assert.equal(deliveries?.['count'], events.length, 'one delivery for each');
  t.diagnostic(`${rounds} kills, ${events.length} events, ${arrived.length - events.length} arrived again`);
  await assertLedgerSound(database);
});
