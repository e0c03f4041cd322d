import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newCustomer, type RequestOptions, send } from '../support/client.ts';
import type { TestEngines } from '../support/engines.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createMember } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let engines: TestEngines;
let shop: Shop;

before(async () => {
  const database = await stage.database();
  engines = await stage.engines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
});

test('SEC-01 of those who ask for the same order at one moment each gets what is for them', async () => {
  const owner = newCustomer();
  const placed = await shop.order(await shop.createSale(), { token: owner.token });
  assert.equal(placed.status, 201, placed.text);
  const { id } = placed.json;
  const ask = (path: string, options: RequestOptions) =>
    send('GET', `${engines.urls[0]}/api/v1/orders/${path}`, options);
  const kinds: [string, RequestOptions, number][] = [
    [id, { token: owner.token }, 200],
    [id.toUpperCase(), { token: owner.token }, 200],
    [id, { token: owner.token, headers: { 'if-none-match': '"1"' } }, 304],
    [id, { token: newCustomer().token }, 404],
    [id, { token: shop.operatorToken }, 200],
    [id, { token: await createMember(shop, shop.merchantId, 'merchant') }, 200],
    // Not ready for pickup.
    [id, { token: await createMember(shop, shop.merchantId, 'courier') }, 404],
    [randomUUID(), { token: owner.token }, 404],
    [id, {}, 401],
  ];
  const asked = Array.from({ length: 10 }, () => kinds).flat();
  const answers = await Promise.all(asked.map(([path, options]) => ask(path, options)));
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.status, asked[index]?.[2], answer.text);
    if (answer.status === 200) assert.equal(answer.text, placed.text);
    if (answer.status === 304) assert.equal(answer.text, '');
  }
});

test('S-03 what one process has answered the other shows at once, however many read there', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 100 }] });
  const [one, other] = engines.urls;
  let busy = true;
  const readers = Array.from({ length: 20 }, async () => {
    while (busy) assert.equal((await send('GET', `${other}/api/v1/sales/${sale.id}`)).status, 200);
  });
  const customer = newCustomer();
  for (let held = 1; held <= 30; held += 1) {
    const placed = await send('POST', `${one}/api/v1/orders`, {
      token: customer.token,
      key: 'auto',
      body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] },
    });
    assert.equal(placed.status, 201, placed.text);
    const [shown, order] = await Promise.all([
      send('GET', `${other}/api/v1/sales/${sale.id}`),
      send('GET', `${other}/api/v1/orders/${placed.json.id}`, { token: customer.token }),
    ]);
    assert.equal(shown.json.items[0].stock.held, held);
    assert.equal(order.text, placed.text);
  }
  busy = false;
  await Promise.all(readers);
});
