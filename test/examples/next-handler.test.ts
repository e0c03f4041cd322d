import '../../scripts/resolve-client.ts';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { openPage } from '../support/chromium.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { startExample } from '../support/example.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createApiKey } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';
import { createUnreliableProxy, type Fate } from '../support/unreliable-proxy.ts';

const stage = createStage({ after });
let database: TestDatabase;
let engine: TestEngine;
let shop: Shop;
let saleId: string;
let post: (request: Request) => Promise<Response>;
let fate: Fate = 'pass';

before(async () => {
  database = await stage.database();
  engine = await stage.engine({ DATABASE_URL: database.url });
  const proxy = await createUnreliableProxy(engine.url, () => fate);
  stage.atEnd(() => proxy.close());
  shop = await createShop(engine.url);
  const sale = await shop.createSale({ items: [{ capacity: 5, limitPerCustomer: 1 }] });
  saleId = sale.id;
  Object.assign(process.env, {
    DOORBUSTER_URL: proxy.url,
    DOORBUSTER_API_KEY: await createApiKey(shop, shop.merchantId),
    SALE_ID: sale.id,
    ITEM_ID: sale.items[0]?.id,
  });
  // It reads the settings when it is loaded, as it does in Next.js.
  ({ POST: post } = await import('../../examples/next-handler/app/api/orders/route.ts'));
});

/** Sends the shop's form. */
async function press(customer: string | undefined, intent: string): Promise<{ status: number; text: string }> {
  const headers = new Headers(customer === undefined ? {} : { cookie: `theme=dark; customer=${customer}` });
  const form = new URLSearchParams({ intent });
  const request = new Request('http://shop.example/api/orders', { method: 'POST', headers, body: form });
  const response = await post(request);
  return { status: response.status, text: await response.text() };
}

const countOrders = async () =>
  (await database.query<{ count: number }>('SELECT count(*)::int FROM orders WHERE sale_id = $1', [saleId]))[0]?.count;

test('the handler: one press is one order over double clicks and reloads, and each customer has presses of their own', async () => {
  const intent = randomUUID();
  const answers = await Promise.all(Array.from({ length: 5 }, () => press('anna', intent)));
  answers.push(await press('anna', intent));
  for (const { status, text } of answers) assert.deepEqual([status, text], [200, answers[0]?.text]);
  assert.match(answers[0]?.text ?? '', /order number 1\..*sessionStorage\.removeItem/);

  // Whoever has seen the key of somebody else gets neither that order nor in its way.
  const other = await press('bert', intent);
  assert.deepEqual([other.status, /order number 2\./.test(other.text)], [200, true]);
  assert.equal(await countOrders(), 2);
});

test('the handler: what cannot be had is said in a sentence, and the press is not forgotten', async () => {
  const limit = await press('anna', randomUUID());
  assert.deepEqual([limit.status, /as many as one customer/.test(limit.text)], [409, true]);
  assert.doesNotMatch(limit.text, /removeItem/);
  assert.equal((await press(undefined, randomUUID())).status, 401);
  assert.equal((await press('carl', 'null')).status, 400);
  assert.equal(await countOrders(), 2);
});

/** Serves the shop with a page that presses its button by itself, and gives what is posted to `answer`. */
async function serveEagerShop(answer: (form: string) => Promise<string>): Promise<string> {
  const page = await readFile(new URL('../../examples/next-handler/shop.html', import.meta.url), 'utf8');
  const server = createServer(async (request, response) => {
    const pressing = '<script>document.forms[0].requestSubmit()</script>';
    const html = request.method === 'POST' ? await answer(await text(request)) : page + pressing;
    response.writeHead(200, { 'content-type': 'text/html' }).end(html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.atEnd(async () => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
}

test('the page in Chromium: it means the same press until an answer says that it is done, and then a new one', async () => {
  const intents: string[] = [];
  const enough = Promise.withResolvers<void>();
  const url = await serveEagerShop(async (form) => {
    const intent = new URLSearchParams(form).get('intent') ?? '';
    intents.push(intent);
    if (intents.length >= 3) enough.resolve();
    // The first answer gets lost, the second is the handler's own. After each the customer goes back to the shop.
    const answer = intents.length === 2 ? await press('gus', intent) : { text: '' };
    return intents.length < 3 ? `${answer.text}<script>location.replace('/')</script>` : '';
  });
  const browser = await openPage(url);
  stage.atEnd(browser.close);
  await enough.promise;
  const [first, second, third] = intents;
  assert.deepEqual([second === first, third === first], [true, false]);
});

test('the handler: while nobody knows whether it worked it says so, and the reload finds the order', async () => {
  const intent = randomUUID();
  const ordersBefore = (await countOrders()) ?? 0;
  fate = 'lose-answer';
  const unknown = await press('dora', intent);
  fate = 'pass';
  assert.deepEqual([unknown.status, /Reload this page/.test(unknown.text)], [503, true]);
  assert.equal(await countOrders(), ordersBefore + 1);
  const known = await press('dora', intent);
  assert.deepEqual([known.status, /order number \d+\./.test(known.text)], [200, true]);
  assert.equal(await countOrders(), ordersBefore + 1);

  assert.equal((await press('emil', randomUUID())).status, 200);
  const late = await press('fay', randomUUID());
  assert.deepEqual([late.status, /sold out/.test(late.text)], [409, true]);
});

test('the handler behind Node’s own server: the page, its form and a reload of the answer', async () => {
  const example = startExample('next-handler', { DOORBUSTER_URL: engine.url, PORT: '0' });
  stage.atEnd(() => example.kill());
  const [, url = ''] = await example.until(/open at (http:\S+),/);
  const shopPage = await fetch(url);
  assert.match(await shopPage.text(), /name="intent"[\s\S]*sessionStorage\.getItem\('intent'\)/);
  const cookie = shopPage.headers.get('set-cookie')?.split(';')[0] ?? '';
  const send = async (intent: string) => {
    const form = new URLSearchParams({ intent });
    const response = await fetch(`${url}/api/orders`, { method: 'POST', headers: { cookie }, body: form });
    return `${response.status} ${/number \d+|as many as/.exec(await response.text())?.[0]}`;
  };
  const intent = randomUUID();
  assert.deepEqual([await send(intent), await send(intent)], ['200 number 1', '200 number 1']);
  assert.equal(await send(randomUUID()), '200 number 2');
  assert.equal(await send(randomUUID()), '409 as many as');
});
