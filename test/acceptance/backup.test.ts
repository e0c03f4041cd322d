import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { newCustomer, send } from '../support/client.ts';
import { createTestDatabase } from '../support/database.ts';
import { runDoorbuster } from '../support/doorbuster.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { findSystemPostgres } from '../support/postgres.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

interface KeptOrder {
  readonly id: string;
  readonly token: string;
  readonly key: string;
}

/** Places orders one after the other until the returned function is called, which gives those that were answered. */
function keepOrdering(shop: Shop, sale: Sale): () => Promise<KeptOrder[]> {
  let ending = false;
  const kept: KeptOrder[] = [];
  async function buy(): Promise<void> {
    while (!ending) kept.push(await orderOnce(shop, sale));
  }
  const buyers = Promise.all([buy(), buy(), buy(), buy()]);
  return async () => {
    ending = true;
    await buyers;
    return kept;
  };
}

async function orderOnce(shop: Shop, sale: Sale): Promise<KeptOrder> {
  const [{ token }, key] = [newCustomer(), randomUUID()];
  const { status, json, text } = await shop.order(sale, { token, key });
  assert.equal(status, 201, text);
  return { id: json.id, token, key };
}

test('a backup of the embedded ledger, made while it sells, restores to every order answered before it began', async (t) => {
  const stage = createStage(t);
  const dataDir = await stage.dataFolder();
  const [backup, elsewhere] = [join(dataDir, '..', 'backup'), join(dataDir, '..', 'restored')];
  const engine = await stage.engine({ DATA_DIR: dataDir });
  const shop = await createShop(engine.url);
  const sale = await shop.createSale({ items: [{ capacity: 100_000 }] });
  const before = [await orderOnce(shop, sale), await orderOnce(shop, sale)];

  const end = keepOrdering(shop, sale);
  const made = await runDoorbuster(['backup', backup], { DATA_DIR: dataDir });
  const meanwhile = await end();
  assert.equal(made.exitCode, 0, made.stderr);
  assert.ok(meanwhile.length > 10, `only ${meanwhile.length} orders while the backup was made`);
  assert.equal((await shop.order(sale)).status, 201, 'the engine sells on');

  const restored = await runDoorbuster(['restore', backup], { DATA_DIR: elsewhere });
  assert.equal(restored.exitCode, 0, restored.stderr);
  await engine.stop();
  const again = await stage.engine({ DATA_DIR: elsewhere });
  for (const { id, token, key } of before) {
    const repeat = await send('POST', `${again.url}/api/v1/orders`, {
      token,
      key,
      body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] },
    });
    assert.deepEqual([repeat.status, repeat.json.id], [201, id]);
    assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  }
  const read = await send('GET', `${again.url}/api/v1/sales/${sale.id}`);
  const { capacity, available, held } = read.json.items[0].stock;
  assert.equal(available + held, capacity);
  assert.ok(held >= before.length && held <= before.length + meanwhile.length, `${held} held`);
  const shopAgain = await createShop(again.url);
  assert.equal((await shopAgain.order(sale)).status, 201, 'it sells on');
});

test('a backup of a ledger at rest needs no engine; what cannot be done is told in a sentence and changes nothing', async (t) => {
  const stage = createStage(t);
  const dataDir = await stage.dataFolder();
  const folder = (name: string) => join(dataDir, '..', name);
  const nothing = await runDoorbuster(['backup', folder('backup')], { DATA_DIR: dataDir });
  assert.deepEqual([nothing.exitCode, nothing.stderr.includes('There is no ledger')], [1, true], nothing.stderr);

  const engine = await stage.engine({ DATA_DIR: dataDir });
  await engine.stop();
  const made = await runDoorbuster(['backup', folder('backup')], { DATA_DIR: dataDir });
  assert.equal(made.exitCode, 0, made.stderr);
  const twice = await runDoorbuster(['backup', folder('backup')], { DATA_DIR: dataDir });
  assert.deepEqual([twice.exitCode, twice.stderr.includes('is there already')], [1, true], twice.stderr);

  const over = await runDoorbuster(['restore', folder('backup')], { DATA_DIR: dataDir });
  assert.deepEqual([over.exitCode, over.stderr.includes('has a ledger already')], [1, true], over.stderr);
  await mkdir(folder('rubbish'));
  const rubbish = await runDoorbuster(['restore', folder('rubbish')], { DATA_DIR: folder('new') });
  assert.deepEqual([rubbish.exitCode, rubbish.stderr.includes('is no backup')], [1, true], rubbish.stderr);
  const production = await runDoorbuster(['backup', folder('other')], { DATABASE_URL: 'postgres://127.0.0.1/x' });
  assert.deepEqual([production.exitCode, production.stderr.includes('DATABASE_URL is set')], [1, true]);
  assert.deepEqual((await readdir(folder('.'))).sort(), ['backup', 'data', 'rubbish']);
});

test('C1 a ledger restored from a dump sells on beside the old Redis: nothing that Redis remembers of lost orders counts', async (t) => {
  const stage = createStage(t);
  const bin = await findSystemPostgres();
  assert.ok(bin !== undefined);
  const program = promisify(execFile);
  const first = await stage.database();
  const settings = { DATABASE_URL: first.url };
  const engine = await stage.engine(settings);
  const shop = await createShop(engine.url);
  const sale = await shop.createSale({ items: [{ capacity: 5 }] });
  const kept = await orderOnce(shop, sale);
  const dump = join(await stage.dataFolder(), '..', 'ledger.dump');
  await program(join(bin, 'pg_dump'), ['--format=custom', `--file=${dump}`, `--dbname=${first.url}`]);
  const lost = await orderOnce(shop, sale);
  assert.equal((await shop.order(sale, { quantity: 3 })).status, 201);
  assert.equal((await shop.order(sale)).json.code, 'sold-out');
  await engine.stop();

  // The disaster: the same server, the same Redis, and the ledger of before.
  const second = await createTestDatabase();
  stage.atEnd(() => second.drop());
  await second.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await program(join(bin, 'pg_restore'), [`--dbname=${second.url}`, '--no-owner', dump]);
  const renewed = await runDoorbuster(['renew-ledger-id'], { DATABASE_URL: second.url });
  assert.equal(renewed.exitCode, 0, renewed.stderr);

  const again = await stage.engine({ DATABASE_URL: second.url });
  const order = ({ token, key }: KeptOrder) =>
    send('POST', `${again.url}/api/v1/orders`, {
      token,
      key,
      body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] },
    });
  assert.equal((await order(kept)).json.id, kept.id);
  const anew = await order(lost);
  assert.equal(anew.status, 201, anew.text);
  assert.notEqual(anew.json.id, lost.id, 'an order that the backup does not have is placed anew');
  assert.equal((await order({ ...kept, key: randomUUID() })).status, 201);
  const { stock } = (await send('GET', `${again.url}/api/v1/sales/${sale.id}`)).json.items[0];
  assert.deepEqual(stock, { capacity: 5, available: 2, held: 3, sold: 0 });
  await assertLedgerSound(second);
});
