import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
let engine: TestEngine;
let shop: Shop;

before(async () => {
  database = await stage.database();
  stage.atEnd(() => assertLedgerSound(database));
  engine = await stage.engine({ DATABASE_URL: database.url });
  shop = await createShop(engine.url);
});

test('a direct order is paid', async () => {
  const sale = await shop.createSale();
  const customer = newCustomer();
  const placed = await shop.order(sale, { token: customer.token });
  const url = `${engine.url}/api/v1/orders/${placed.json.id}`;
  const paid = await send('POST', `${url}/payment`, {
    token: customer.token,
    key: randomUUID(),
    body: { paymentMethod: 'card_ok' },
    headers: { 'if-match': '"1"' },
  });
  console.log(paid.status, paid.text);
  const read = await send('GET', `${url}?include=payments,refunds,history,sale`, { token: customer.token });
  console.log(read.text);
  assert.equal(paid.status, 200);
  const cancelled = await send('POST', `${url}/cancellation`, {
    token: customer.token,
    key: randomUUID(),
    headers: { 'if-match': paid.headers.get('etag') ?? '' },
  });
  console.log(cancelled.status, cancelled.text);
  await database.until(`SELECT 1 FROM refunds WHERE status = 'succeeded'`);
  const again = await send('GET', `${url}?include=payments,refunds,history,sale`, { token: customer.token });
  console.log(again.text);
});
