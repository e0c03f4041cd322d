import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { insertSale, openLedger } from '../../../../test/support/ledger.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { createServer } from '../../server.ts';
import { exportOrdersRoute } from './export-orders.ts';

let database: TestDatabase;
let ledger: Database;
let app: App;
let url: string;
/** Rows of many kilobytes, so that the buffers of a socket hold a small part of them. */
const ORDERS = 3_000;
const NAME_LENGTH = 30_000;
const PAGES = ORDERS / 200;

let pagesRead = 0;
let connectionsInUse = 0;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database, false);
  const { saleId } = await insertSale(database);
  await database.query(
    `WITH placed AS (
       INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, arrival, total_minor, status, fingerprint,
                           idempotency_key)
       SELECT gen_random_uuid(), $1, $2, $2, now(), number, 0, 'completed', '\\x00', number::text
       FROM generate_series(1, ${ORDERS}) AS number RETURNING id
     )
     INSERT INTO order_lines (order_id, item_id, unit_price_minor, position, quantity, held, sold, name)
     SELECT id, gen_random_uuid(), 0, 0, 1, 0, 1, repeat('x', ${NAME_LENGTH}) FROM placed`,
    [saleId, randomUUID()],
  );
  app = await createServer({
    log: pino({ level: 'silent' }),
    publicUrl: '',
    corsOrigins: [],
    answerRetentionSeconds: 60,
    observe: () => undefined,
    stopping: () => false,
  });
  exportOrdersRoute(app, {
    authenticated(request, _reply, done) {
      request.caller = { kind: 'account', accountId: randomUUID(), role: 'operator', onlySaleId: null };
      done();
    },
    database: { ...ledger, connect: countedConnect },
  });
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/api/v1/orders/export`;
});

after(async () => {
  await app.close();
  await ledger.close();
  await database.drop();
});

const countedConnect: Database['connect'] = async () => {
  const connection = await ledger.connect();
  pagesRead += 1;
  connectionsInUse += 1;
  return {
    ...connection,
    release(broken) {
      connectionsInUse -= 1;
      connection.release(broken);
    },
  };
};

/** Resolves when no page was read while the database answered many other questions. */
async function untilStill(): Promise<void> {
  for (let seen = -1; seen !== pagesRead; ) {
    seen = pagesRead;
    for (let count = 0; count < 300; count += 1) await database.query('SELECT 1');
  }
}

async function open(): Promise<IncomingMessage> {
  pagesRead = 0;
  const [response] = await once(get(url), 'response');
  return response;
}

test('an export reads on only as its client does, holds no connection meanwhile, and stops when the client is gone', async () => {
  const response = await open();
  await untilStill();
  const read = pagesRead;
  assert.ok(read < PAGES / 2, `${read} of ${PAGES} pages were read for nobody`);
  assert.equal(connectionsInUse, 0);

  response.destroy();
  await untilStill();
  assert.ok(pagesRead <= read + 1, `${pagesRead - read} pages were read after the client was gone`);
  assert.equal(connectionsInUse, 0);
});

test('an export that is read to its end has every row, and each page was read once', async () => {
  const response = await open();
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  assert.ok(bytes > ORDERS * NAME_LENGTH);
  assert.equal(pagesRead, PAGES + 1);
  assert.equal(connectionsInUse, 0);
});

test('an export whose ledger fails in the middle is cut off, so that nobody takes it for whole', async () => {
  const response = await open();
  const dropped = database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'test'`,
  );
  await dropped;
  await database.query('ALTER TABLE orders RENAME TO orders_gone');
  await assert.rejects(async () => {
    for await (const _ of response);
  }, /aborted/);
  await database.query('ALTER TABLE orders_gone RENAME TO orders');
  assert.equal(connectionsInUse, 0);
});
