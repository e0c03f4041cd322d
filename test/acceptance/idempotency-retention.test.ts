import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const RETENTION_SECONDS = 2;

const stage = createStage({ after });
let database: TestDatabase;
let shop: Shop;

before(async () => {
  database = await stage.database();
  const settings = { DATABASE_URL: database.url, IDEMPOTENCY_RETENTION_SECONDS: String(RETENTION_SECONDS) };
  shop = await createShop((await stage.engines(settings)).url);
});

const makeMerchant = (key: string, name: string): Promise<Answer> =>
  send('POST', `${shop.url}/api/v1/merchants`, { token: shop.operatorToken, key, body: { name } });

/** Resolves when no answer that was given before now is kept any longer, by the clock of the database. */
async function untilForgotten(): Promise<void> {
  await database.until(
    `SELECT 1 WHERE NOT EXISTS (
       SELECT FROM stored_answers WHERE created_at > clock_timestamp() - make_interval(secs => $1)
     )`,
    [RETENTION_SECONDS],
  );
}

test('IK-17 within the retention a repeat gets the stored answer; past it the same key executes anew, once', async () => {
  const key = randomUUID();
  const first = await makeMerchant(key, 'Kept for a while');
  assert.equal(first.status, 201, first.text);
  const repeat = await makeMerchant(key, 'Kept for a while');
  assert.deepEqual([repeat.status, repeat.text], [201, first.text]);
  assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  assert.equal((await makeMerchant(key, 'Another')).json.code, 'idempotency-key-reused');

  await untilForgotten();
  const anew = await Promise.all(Array.from({ length: 5 }, () => makeMerchant(key, 'Kept for a while')));
  const [made, ...replays] = anew.toSorted(
    (a, b) => Number(a.headers.has('idempotent-replayed')) - Number(b.headers.has('idempotent-replayed')),
  );
  assert.equal(made?.status, 201, made?.text);
  assert.equal(made?.headers.get('idempotent-replayed'), null);
  assert.notEqual(made?.json.id, first.json.id);
  for (const replay of replays) {
    assert.deepEqual([replay.text, replay.headers.get('idempotent-replayed')], [made?.text, 'true']);
  }
  const merchants = await database.query('SELECT id FROM merchants WHERE name = $1 ORDER BY id', ['Kept for a while']);
  assert.deepEqual(
    merchants.map(({ id }) => id),
    [first.json.id, made?.json.id],
  );
});

test('IK-17 past the retention a key is free for another request, too', async () => {
  const key = randomUUID();
  assert.equal((await makeMerchant(key, 'Before')).status, 201);
  await untilForgotten();
  const other = await makeMerchant(key, 'After');
  assert.deepEqual([other.status, other.json.name], [201, 'After']);
});

test('IK-17 an order remembers its key for as long as it exists, whatever the retention is', async () => {
  const sale = await shop.createSale();
  const request = { token: newCustomer().token, key: randomUUID() };
  const placed = await shop.order(sale, request);
  assert.equal(placed.status, 201, placed.text);
  await untilForgotten();
  const repeat = await shop.order(sale, request);
  assert.deepEqual([repeat.text, repeat.headers.get('idempotent-replayed')], [placed.text, 'true']);
});
