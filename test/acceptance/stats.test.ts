import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import { openEventStream } from '../support/event-stream.ts';
import { createPeople, pay, placeOrder, step } from '../support/orders.ts';
import { createShop, type Sale, type SaleTerms } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
const database = await stage.database();
const engines = await stage.engines({ DATABASE_URL: database.url });
const [here, there] = engines.urls;
const shop = await createShop(engines.url);
const people = await createPeople(shop);

function readStats(query = '', token = shop.operatorToken, url = here): Promise<Answer> {
  return send('GET', `${url}/api/v1/admin/stats${query}`, { token });
}

/** Asks until the answer is as wanted: what is counted is late by the outbox, and by the memory of what is costly. */
async function statsUntil(query: string, isWanted: (json: Answer['json']) => boolean): Promise<Answer['json']> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await readStats(query);
    assert.equal(answer.status, 200, answer.text);
    if (isWanted(answer.json)) return answer.json;
    if (Date.now() > deadline) throw new Error(`The figures stayed other than expected: ${answer.text}`);
    await database.query('SELECT pg_sleep(0.05)');
  }
}

async function createSale(terms: SaleTerms = {}): Promise<Sale> {
  return shop.createSale({ items: [{ capacity: 5, limitPerCustomer: 4 }], ...terms });
}

test('a sale shows its orders by status, its stock, its rate, what it refused and its money, whichever process did it', async () => {
  const sale = await createSale();
  const orders = [await placeOrder(shop, sale), await placeOrder(shop, sale), await placeOrder(shop, sale)];
  const [paid, refunded] = orders;
  assert.ok(paid && refunded);
  assert.equal((await pay(here, paid)).status, 200);
  assert.equal((await pay(there, refunded)).status, 200);
  const cancelled = await step(there, refunded.id, 'cancellation', { token: people.merchant, body: {} });
  assert.equal(cancelled.status, 200, cancelled.text);
  for (const url of [here, there]) {
    const refusal = await send('POST', `${url}/api/v1/orders`, {
      token: newCustomer().token,
      key: 'auto',
      body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 4 }] },
    });
    assert.equal(refusal.json.code, 'sold-out', refusal.text);
  }

  const stats = await statsUntil(
    `?saleId=${sale.id}`,
    ({ sales: [shown] }) =>
      shown.refused['sold-out'] === 2 &&
      shown.ordersByStatus.cancelled === 1 &&
      shown.money[0]?.refundedMinor === 1_500 &&
      shown.ordersPerSecond.peak !== null,
  );
  const [shown] = stats.sales;
  const stock = { capacity: 5, available: 3, held: 1, sold: 1 };
  assert.deepEqual(shown.ordersByStatus, { pending_payment: 1, confirmed: 1, cancelled: 1 });
  assert.deepEqual(shown.items, [{ itemId: sale.items[0]?.id, name: 'Poster', stock }]);
  assert.deepEqual(shown.stock, stock);
  assert.deepEqual(shown.refused, { 'sold-out': 2 });
  assert.deepEqual(shown.money, [{ currency: 'EUR', capturedMinor: 3_000, refundedMinor: 1_500 }]);
  assert.ok(shown.ordersPerSecond.peak.perSecond >= 1);
  assert.ok(Math.abs(Date.parse(shown.ordersPerSecond.peak.at) - Date.now()) < 60_000);
  assert.equal(shown.status, 'open');
  const { ordersByStatus, refused, money } = stats.totals;
  assert.deepEqual(
    { ordersByStatus, refused, money },
    {
      ordersByStatus: shown.ordersByStatus,
      refused: shown.refused,
      money: shown.money,
    },
  );
});

test('the rate is that of the last seconds, and comes down to nothing', async () => {
  const sale = await createSale({ items: [{ capacity: 100 }] });
  await Promise.all(Array.from({ length: 20 }, () => placeOrder(shop, sale)));
  const rateOf = (json: Answer['json']) => json.sales[0].ordersPerSecond.now;
  const rising = await statsUntil(`?saleId=${sale.id}`, (json) => rateOf(json) > 0);
  assert.ok(rateOf(rising) <= 20);
  await database.until('SELECT 1 WHERE NOT EXISTS (SELECT FROM outbox)');
  await database.query(`UPDATE sale_order_rates SET second = second - interval '10 seconds' WHERE sale_id = $1`, [
    sale.id,
  ]);
  await statsUntil(`?saleId=${sale.id}`, (json) => rateOf(json) === 0);
});

test('a made-up sale that is ordered from leaves nothing behind', async () => {
  const sale = await createSale();
  const refuse = (saleId: string, itemId: string) =>
    send('POST', `${here}/api/v1/orders`, {
      token: newCustomer().token,
      key: 'auto',
      body: { saleId, lines: [{ itemId, quantity: 1 }] },
    });
  const madeUp = randomUUID();
  assert.equal((await refuse(madeUp, randomUUID())).status, 400);
  assert.equal((await refuse(sale.id, randomUUID())).status, 400);
  await database.until('SELECT FROM sale_refusals WHERE sale_id = $1', [sale.id]);
  assert.deepEqual(await database.query('SELECT * FROM sale_refusals WHERE sale_id = $1', [madeUp]), []);
});

test('all sales together: tests are left out, the list has pages, the engine shows how it gets on', async () => {
  const before = (await statsUntil('', () => true)).totals.ordersByStatus.pending_payment ?? 0;
  const [rehearsal, sale] = [await createSale({ test: true }), await createSale()];
  const buyers = await send('POST', `${here}/api/v1/admin/test-buyers`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { saleId: rehearsal.id, count: 1 },
  });
  await placeOrder(shop, rehearsal, { customer: { id: '', token: buyers.json.buyers[0].accessToken } });
  await placeOrder(shop, sale);
  const shownAlone = await statsUntil(
    `?saleId=${rehearsal.id}`,
    ({ totals }) => totals.ordersByStatus.pending_payment === 1,
  );
  assert.equal(shownAlone.sales[0].test, true);
  const all = await statsUntil('', ({ totals }) => totals.ordersByStatus.pending_payment === before + 1);
  assert.ok(all.sales.every(({ saleId }: { saleId: string }) => saleId !== rehearsal.id));

  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: Answer = await readStats(`?limit=1${cursor && `&cursor=${cursor}`}`);
    ids.push(...page.json.sales.map(({ saleId }: { saleId: string }) => saleId));
    cursor = page.json.nextCursor;
  }
  assert.deepEqual(ids, [...ids].sort().reverse());
  assert.deepEqual(
    ids,
    all.sales.map(({ saleId }: { saleId: string }) => saleId),
  );

  // A process reports first of itself, and of a duty when it has run for the first time.
  const relayOf = ({ duties }: { duties: { name: string; failing: boolean }[] }) =>
    duties.find(({ name }) => name === 'outbox-relay');
  const { system } = await statsUntil(
    '',
    (json) => json.system.processes.length === 2 && json.system.processes.every(relayOf),
  );
  assert.deepEqual(system.deadLetters, []);
  assert.equal(system.gateDriftUnits, 0);
  assert.equal(system.breaker, 'closed');
  assert.ok(system.outbox.events >= 0);
  assert.deepEqual(
    system.processes.map((each: Parameters<typeof relayOf>[0]) => relayOf(each)?.failing),
    [false, false],
  );
});

test('staff see their own sales only, and not how the engine gets on; customers and couriers nothing', async () => {
  const sale = await createSale();
  const elsewhere = await createMember(shop, await createMerchant(shop), 'merchant');
  const apiKey = await createApiKey(shop, shop.merchantId);
  const queries = [`?saleId=${sale.id}`, `?merchantId=${shop.merchantId}`];
  for (const token of [people.merchant, apiKey]) {
    for (const query of queries) {
      const answer = await readStats(query, token);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.system, null);
      assert.ok(answer.json.sales.some(({ saleId }: { saleId: string }) => saleId === sale.id));
    }
    assert.equal((await readStats('', token)).status, 403);
  }
  for (const query of queries) assert.equal((await readStats(query, elsewhere)).status, 404);
  for (const token of [people.courier, newCustomer().token]) {
    for (const query of ['', ...queries]) assert.equal((await readStats(query, token)).status, 403);
  }
  assert.equal((await readStats(`?saleId=${randomUUID()}`)).status, 404);
  assert.equal((await readStats(`?saleId=${sale.id}&merchantId=${shop.merchantId}`)).status, 400);
  const stream = await openEventStream(`${here}/api/v1/admin/stats/stream`, { token: people.merchant });
  assert.equal(stream.status, 403);
});

test('the figures are told once a second, to all who watch, and as they are read', async () => {
  const sale = await createSale();
  const url = `${there}/api/v1/admin/stats/stream?saleId=${sale.id}`;
  const streams = await Promise.all([1, 2, 3].map(() => openEventStream(url, { token: shop.operatorToken })));
  assert.ok(streams.every(({ headers }) => headers.get('content-type') === 'text/event-stream'));
  await placeOrder(shop, sale);
  const shown: string[][] = [];
  for (const stream of streams) {
    const moments: string[] = [];
    for (let orders = 0; orders === 0; ) {
      const event = await stream.next();
      assert.equal(event?.event, 'stats');
      moments.push(event.data.at);
      orders = event.data.totals.ordersByStatus.pending_payment ?? 0;
    }
    assert.deepEqual(moments, moments.toSorted());
    shown.push(moments);
  }
  // One reading for all of them: they are told the same moments.
  assert.ok(new Set(shown.flat()).size <= Math.max(...shown.map(({ length }) => length)) + 1, JSON.stringify(shown));
  const read = await statsUntil(`?saleId=${sale.id}`, () => true);
  const [event] = await (streams[0]?.take(1) ?? []);
  assert.deepEqual(Object.keys(event?.data ?? {}).sort(), Object.keys(read).sort());
  for (const stream of streams) stream.close();
});

test('what a process refused is counted when it stops, too', async (t) => {
  const own = createStage(t);
  const engine = await own.engine({ DATABASE_URL: database.url, ROLE: 'api' });
  const sale = await createSale({ opensAt: new Date(Date.now() + 60_000).toISOString() });
  const order = () =>
    send('POST', `${engine.url}/api/v1/orders`, {
      token: newCustomer().token,
      key: 'auto',
      body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] },
    });
  const answers = await Promise.all(Array.from({ length: 10 }, order));
  assert.ok(answers.every(({ status }) => status === 409));
  assert.equal(await engine.stop(), 0);
  assert.deepEqual(
    await database.query('SELECT reason, refused::int FROM sale_refusals WHERE sale_id = $1', [sale.id]),
    [{ reason: 'sale-not-open', refused: 10 }],
  );
});
