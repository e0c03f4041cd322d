import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Sale, type Shop, saleBody } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
});

after(async () => {
  await engines.stop();
  await database.drop();
});

/** A request of the operator with a new key, unless told otherwise. */
const call = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
  send(method, `${engines.url}/api/v1${path}`, {
    token: shop.operatorToken,
    ...(method === 'POST' ? { key: 'auto' } : {}),
    ...options,
  });

const patch = (path: string, tag: string | undefined, body: unknown, options: RequestOptions = {}): Promise<Answer> =>
  call('PATCH', path, { ...options, body, headers: tag === undefined ? {} : { 'if-match': tag } });

async function read(saleId: string): Promise<Answer> {
  const answer = await send('GET', `${engines.url}/api/v1/sales/${saleId}`);
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

async function tagOf(saleId: string): Promise<string> {
  const tag = (await read(saleId)).headers.get('etag');
  assert.ok(tag);
  return tag;
}

function itemPath(sale: Sale): string {
  return `/sales/${sale.id}/items/${sale.items[0]?.id}`;
}

/** What a problem says, without what is this exchange's own. */
function problemOf(answer: Answer): Record<string, unknown> {
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const { requestId, ...problem } = answer.json;
  assert.ok(requestId);
  return problem;
}

async function countSales(): Promise<number> {
  const [row] = await database.query<{ count: number }>('SELECT count(*)::int FROM sales');
  return row?.count ?? -1;
}

test('a sale is shown as it was made, with its address, its tag and the time of the database', async () => {
  const terms = { holdSeconds: 120, retrySeconds: 1, pinSeconds: 240, acceptanceSeconds: 86_400 };
  const sale = saleBody(shop.merchantId, {
    name: 'Ночь 🎟',
    fulfillment: 'kitchen',
    items: [{ name: 'Front row', priceMinor: 9_900, capacity: 3, limitPerCustomer: 2 }, { name: 'Back row' }],
  });
  const body = { ...sale, ...terms };
  const made = await call('POST', '/sales', { body });
  assert.equal(made.status, 201, made.text);
  const { id, items, ...rest } = made.json;
  assert.deepEqual(rest, {
    merchantId: shop.merchantId,
    name: 'Ночь 🎟',
    status: 'open',
    currency: 'EUR',
    opensAt: sale['opensAt'],
    closesAt: sale['closesAt'],
    pausedAt: null,
    fulfillment: 'kitchen',
    ...terms,
    test: false,
    version: 1,
  });
  const stock = (capacity: number) => ({ capacity, available: capacity, held: 0, sold: 0 });
  assert.deepEqual(
    items.map(({ id, ...item }: { id: string }) => item),
    [
      { name: 'Front row', priceMinor: 9_900, limitPerCustomer: 2, version: 1, stock: stock(3) },
      { name: 'Back row', priceMinor: 1_500, limitPerCustomer: null, version: 1, stock: stock(10) },
    ],
  );
  assert.equal(made.headers.get('location'), `/api/v1/sales/${id}`);

  const shown = await read(id.toUpperCase());
  assert.equal(shown.text, made.text);
  assert.equal(shown.headers.get('etag'), made.headers.get('etag'));
  const [clock] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const serverTime = shown.headers.get('server-time') ?? '';
  assert.match(serverTime, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
  assert.ok(clock && Math.abs(clock.now.getTime() - Date.parse(serverTime)) < 10_000);
});

/** What a sale says about how long its orders may take. */
function termsOf({ json }: Answer): Record<string, number> {
  const { holdSeconds, retrySeconds, pinSeconds, acceptanceSeconds } = json;
  return { holdSeconds, retrySeconds, pinSeconds, acceptanceSeconds };
}

const TERMS_DEFAULT = { holdSeconds: 300, retrySeconds: 120, pinSeconds: 600, acceptanceSeconds: 300 };

test('the times of a sale that are not told: hold and acceptance five minutes, retry two, pin ten', async () => {
  assert.deepEqual(termsOf(await read((await shop.createSale()).id)), TERMS_DEFAULT);
});

test('each time of a sale changes by itself and makes the tag before it stale', async () => {
  const sale = await shop.createSale();
  let expected = TERMS_DEFAULT;
  for (const change of [{ holdSeconds: 1 }, { retrySeconds: 2 }, { pinSeconds: 3 }, { acceptanceSeconds: 4 }]) {
    expected = { ...expected, ...change };
    const tag = await tagOf(sale.id);
    const changed = await patch(`/sales/${sale.id}`, tag, change);
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(termsOf(changed), expected);
    assert.equal(changed.text, (await read(sale.id)).text);
    assert.equal((await patch(`/sales/${sale.id}`, tag, change)).status, 412);
  }
});

test('IK-04 IK-05 one sale comes of many identical requests, and a repeat has the first answer', async () => {
  const before = await countSales();
  const key = randomUUID();
  const body = saleBody(shop.merchantId);
  const answers = await Promise.all(Array.from({ length: 8 }, () => call('POST', '/sales', { key, body })));
  for (const answer of answers) assert.ok([201, 409].includes(answer.status), answer.text);
  const repeat = await call('POST', '/sales', { key, body });
  assert.equal(repeat.status, 201);
  assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  const first = answers.find((answer) => answer.status === 201);
  assert.equal(repeat.text, first?.text);
  for (const header of ['location', 'etag', 'content-type']) {
    assert.equal(repeat.headers.get(header), first?.headers.get(header));
  }
  assert.equal(await countSales(), before + 1);
  const other = await call('POST', '/sales', { key, body: saleBody(shop.merchantId, { name: 'Other' }) });
  assert.equal(other.status, 422);
});

test('SEC-01 operators, staff and the shop make sales of a merchant; for everybody else there is no such merchant', async () => {
  const another = await createMerchant(shop);
  const body = saleBody(shop.merchantId);
  for (const token of [
    shop.operatorToken,
    await createMember(shop, shop.merchantId, 'merchant'),
    await createApiKey(shop, shop.merchantId),
  ]) {
    assert.equal((await call('POST', '/sales', { token, body })).status, 201);
  }
  const unknown = await call('POST', '/sales', { body: saleBody(randomUUID()) });
  assert.equal(unknown.status, 404);
  for (const token of [
    await createMember(shop, another, 'merchant'),
    await createApiKey(shop, another),
    newCustomer().token,
  ]) {
    const answer = await call('POST', '/sales', { token, body });
    assert.equal(answer.status, 404, answer.text);
    assert.deepEqual(problemOf(answer), problemOf(unknown));
  }
  const anonymous = await send('POST', `${engines.url}/api/v1/sales`, { key: 'auto', body });
  assert.equal(anonymous.status, 401);
});

/** Every request that changes a sale, with what it needs to be otherwise fine. */
function changesOf(saleId: string, itemId: string): [string, string, RequestOptions][] {
  const ifMatch = { headers: { 'if-match': '*' } };
  return [
    ['PATCH', `/sales/${saleId}`, { ...ifMatch, body: { name: 'Mine' } }],
    ['PATCH', `/sales/${saleId}/items/${itemId}`, { ...ifMatch, body: { priceMinor: 1 } }],
    ['POST', `/sales/${saleId}/items`, { body: { name: 'Mine', priceMinor: 1, capacity: 1 } }],
    ['POST', `/sales/${saleId}/pause`, {}],
    ['POST', `/sales/${saleId}/resumption`, {}],
    ['POST', '/admin/stock', { body: { itemId, capacity: 1_000 } }],
  ];
}

test("SEC-01 another's sale cannot be changed, and the answer is that for an unknown one", async () => {
  const sale = await shop.createSale();
  const before = await read(sale.id);
  const another = await createMerchant(shop);
  const tokens = [await createMember(shop, another, 'merchant'), await createApiKey(shop, another)];
  const known = changesOf(sale.id, sale.items[0]?.id ?? '');
  const unknown = changesOf(randomUUID(), randomUUID());
  for (const [index, [method, path, options]] of known.entries()) {
    const [, nowhere = '', nothing = {}] = unknown[index] ?? [];
    for (const token of tokens) {
      const answer = await call(method, path, { ...options, token });
      assert.equal(answer.status, 404, `${method} ${path}: ${answer.text}`);
      assert.deepEqual(problemOf(answer), problemOf(await call(method, nowhere, { ...nothing, token })));
    }
    const byCustomer = await call(method, path, { ...options, token: newCustomer().token });
    assert.equal(byCustomer.status, path === '/admin/stock' ? 403 : 404);
    const { token: _, ...anonymous } = { key: 'auto', ...options, token: '' };
    assert.equal((await send(method, `${engines.url}/api/v1${path}`, anonymous)).status, 401);
  }
  const after = await read(sale.id);
  assert.equal(after.text, before.text);
});

test('unknown ids are 404 also for the operator, and what is no id is 400', async () => {
  const sale = await shop.createSale();
  for (const [method, path, options] of changesOf(randomUUID(), randomUUID())) {
    assert.equal((await call(method, path, options)).status, 404, `${method} ${path}`);
  }
  assert.equal((await call('GET', `/sales/${randomUUID()}`)).status, 404);
  assert.equal((await call('GET', `/sales/${sale.id}/items/${randomUUID()}`)).status, 404);
  const elsewhere = await shop.createSale();
  const foreignItem = await patch(`/sales/${sale.id}/items/${elsewhere.items[0]?.id}`, '*', { name: 'No' });
  assert.equal(foreignItem.status, 404);
  for (const id of ['1', `urn:uuid:${sale.id}`, '%00', `${sale.id}0`]) {
    assert.equal((await call('GET', `/sales/${id}`)).status, 400, id);
  }
});

test('CR-01 If-None-Match with the current tag: 304 without a body, until anything shown changes', async () => {
  const sale = await shop.createSale();
  for (const path of [`/sales/${sale.id}`, itemPath(sale)]) {
    const tag = (await call('GET', path)).headers.get('etag') ?? '';
    assert.match(tag, /^"[^"]+"$/);
    const fresh = await call('GET', path, { headers: { 'if-none-match': `"other", ${tag}` } });
    assert.equal(fresh.status, 304);
    assert.equal(fresh.text, '');
    assert.equal(fresh.headers.get('etag'), tag);
    assert.ok(fresh.headers.get('server-time'));
    assert.equal((await shop.order(sale)).status, 201);
    const stale = await call('GET', path, { headers: { 'if-none-match': tag } });
    assert.equal(stale.status, 200);
    assert.notEqual(stale.headers.get('etag'), tag);
  }
});

test('CR-02 CR-06 a change gives the tag that the next read has, and the one before is stale from then on', async () => {
  const sale = await shop.createSale();
  const first = await tagOf(sale.id);
  const renamed = await patch(`/sales/${sale.id}`, first, { name: 'Renamed' });
  assert.equal(renamed.status, 200, renamed.text);
  assert.equal(renamed.json.name, 'Renamed');
  assert.equal(renamed.json.version, 2);
  assert.equal(renamed.headers.get('etag'), await tagOf(sale.id));
  assert.equal(renamed.text, (await read(sale.id)).text);

  const priced = await patch(itemPath(sale), await tagOf(sale.id), { priceMinor: 5, limitPerCustomer: 3 });
  assert.equal(priced.status, 200, priced.text);
  assert.deepEqual([priced.json.priceMinor, priced.json.limitPerCustomer, priced.json.version], [5, 3, 2]);
  assert.equal(priced.headers.get('etag'), await tagOf(sale.id));
  assert.equal((await read(sale.id)).json.version, 3);

  const stale = await patch(`/sales/${sale.id}`, first, { name: 'Too late' });
  assert.equal(stale.status, 412);
  const { code, saleStatus, version, currentTag, status } = stale.json;
  assert.deepEqual([code, status, saleStatus, version], ['precondition-failed', 412, 'open', 3]);
  assert.equal(currentTag, await tagOf(sale.id));
  assert.equal((await read(sale.id)).json.name, 'Renamed');
});

test('CR-03 preconditions of a change of a sale and of an item', async () => {
  for (const target of ['sale', 'item'] as const) {
    const sale = await shop.createSale();
    const path = target === 'sale' ? `/sales/${sale.id}` : itemPath(sale);
    const before = await tagOf(sale.id);
    for (const [tag, status] of [
      [undefined, 428],
      ['"0.1.open"', 412],
      [`W/${before}`, 412],
      ['not quoted', 400],
      ['', 400],
    ] as const) {
      const answer = await patch(path, tag, { name: 'No' });
      assert.equal(answer.status, status, `${target} with If-Match ${tag}: ${answer.text}`);
      assert.equal(await tagOf(sale.id), before);
    }
    assert.equal((await patch(path, '*', { name: 'Star' })).status, 200);
    assert.equal((await patch(path, `"x", ${await tagOf(sale.id)}`, { name: 'List' })).status, 200);
  }
});

test('CR-04 of many changes at once with the same tag exactly one is done', async () => {
  const sale = await shop.createSale();
  const tag = await tagOf(sale.id);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2
        ? patch(`/sales/${sale.id}`, tag, { name: `Name ${index}` })
        : patch(itemPath(sale), tag, { name: `Name ${index}` }),
    ),
  );
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, ...Array.from({ length: 19 }, () => 412)]);
  assert.equal((await read(sale.id)).json.version, 2);
});

test('an edit is not made stale by orders that came in since it was read', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 2 }] });
  const tag = await tagOf(sale.id);
  await Promise.all([shop.order(sale), shop.order(sale)]);
  assert.equal((await read(sale.id)).json.status, 'sold_out');
  assert.notEqual(await tagOf(sale.id), tag);
  assert.equal((await patch(`/sales/${sale.id}`, tag, { holdSeconds: 60 })).status, 200);
  assert.equal((await patch(`/sales/${sale.id}`, tag, { holdSeconds: 90 })).status, 412);
});

test('price, name and limit change while the sale is open, and orders keep what they were placed at', async () => {
  const sale = await shop.createSale({ items: [{ priceMinor: 1_000, name: 'Early bird' }] });
  const early = newCustomer();
  const placed = await shop.order(sale, { token: early.token });
  assert.equal(placed.status, 201, placed.text);
  const changed = await patch(itemPath(sale), await tagOf(sale.id), { priceMinor: 2_000, name: 'Regular' });
  assert.equal(changed.status, 200, changed.text);

  const later = await shop.order(sale);
  assert.deepEqual([later.json.totalMinor, later.json.lines[0].name], [2_000, 'Regular']);
  const kept = await call('GET', `/orders/${placed.json.id}`, { token: early.token });
  assert.equal(kept.text, placed.text);
  assert.deepEqual([kept.json.totalMinor, kept.json.lines[0].name], [1_000, 'Early bird']);
});

test('S-07 a limit that is added later counts earlier orders, and one that is removed binds nobody', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 100 }] });
  const { token } = newCustomer();
  assert.equal((await shop.order(sale, { token, quantity: 3 })).status, 201);
  assert.equal((await patch(itemPath(sale), '*', { limitPerCustomer: 4 })).status, 200);
  const refused = await shop.order(sale, { token, quantity: 2 });
  assert.equal(refused.status, 409);
  assert.deepEqual(refused.json.items, [{ itemId: sale.items[0]?.id, limit: 4, taken: 3 }]);
  assert.equal((await shop.order(sale, { token })).status, 201);
  assert.equal((await shop.order(sale, { token })).json.code, 'limit-reached');
  assert.equal((await patch(itemPath(sale), '*', { limitPerCustomer: null })).json.limitPerCustomer, null);
  assert.equal((await shop.order(sale, { token, quantity: 5 })).status, 201);
});

test('a paused sale takes no order until it is resumed, and each brake may be pulled twice', async () => {
  const sale = await shop.createSale();
  const paused = await call('POST', `/sales/${sale.id}/pause`);
  assert.equal(paused.status, 200, paused.text);
  assert.equal(paused.json.status, 'paused');
  assert.ok(Date.parse(paused.json.pausedAt) > 0);
  assert.equal(paused.headers.get('etag'), await tagOf(sale.id));
  const refused = await shop.order(sale);
  assert.deepEqual([refused.status, refused.json.code, refused.json.saleStatus], [409, 'sale-not-open', 'paused']);

  const again = await call('POST', `/sales/${sale.id}/pause`, { body: {} });
  assert.equal(again.text, paused.text);
  assert.equal(again.headers.get('idempotent-replayed'), null);

  const resumed = await call('POST', `/sales/${sale.id}/resumption`);
  assert.deepEqual([resumed.status, resumed.json.status, resumed.json.pausedAt], [200, 'open', null]);
  assert.equal((await call('POST', `/sales/${sale.id}/resumption`)).text, resumed.text);
  assert.equal((await shop.order(sale)).status, 201);
  assert.equal((await call('POST', `/sales/${sale.id}/pause`, { body: { now: true } })).status, 400);
});

test('IK-01 a POST that changes a sale without a key: 400, and nothing is done', async () => {
  const sale = await shop.createSale();
  const before = await tagOf(sale.id);
  for (const [method, path, options] of changesOf(sale.id, sale.items[0]?.id ?? '')) {
    if (method !== 'POST') continue;
    const answer = await send('POST', `${engines.url}/api/v1${path}`, { ...options, token: shop.operatorToken });
    assert.deepEqual([answer.status, answer.json.code], [400, 'idempotency-key-missing'], path);
  }
  assert.equal(await tagOf(sale.id), before);
});

test("S-10 no order before opensAt or from closesAt on, by the database's clock", async () => {
  const [clock] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  assert.ok(clock);
  const opensAt = new Date(clock.now.getTime() + 1_000);
  const closesAt = new Date(clock.now.getTime() + 2_000);
  const sale = await shop.createSale({
    opensAt: opensAt.toISOString(),
    closesAt: closesAt.toISOString(),
    items: [{ capacity: 100_000 }],
  });
  const seen = new Set<string>();
  while (!seen.has('closed')) {
    const shown = await read(sale.id);
    const serverTime = new Date(shown.headers.get('server-time') ?? '');
    const expected = serverTime < opensAt ? 'scheduled' : serverTime < closesAt ? 'open' : 'closed';
    assert.equal(shown.json.status, expected);

    const answer = await shop.order(sale);
    if (answer.status === 201) {
      const placedAt = new Date(answer.json.placedAt);
      assert.ok(placedAt >= opensAt && placedAt < closesAt, answer.json.placedAt);
      seen.add('placed');
    } else {
      assert.equal(answer.json.code, 'sale-not-open', answer.text);
      assert.equal(answer.headers.has('retry-after'), answer.json.saleStatus === 'scheduled');
      seen.add(answer.json.saleStatus);
    }
  }
  assert.deepEqual([...seen], ['scheduled', 'placed', 'closed']);
});

test('S-10 a window that is moved holds from the answer on', async () => {
  const sale = await shop.createSale();
  const past = new Date(Date.now() - 60_000).toISOString();
  const closed = await patch(`/sales/${sale.id}`, '*', { closesAt: past });
  assert.deepEqual([closed.status, closed.json.status], [200, 'closed']);
  assert.equal((await shop.order(sale)).json.saleStatus, 'closed');
  const future = new Date(Date.now() + 3_600_000).toISOString();
  assert.equal((await patch(`/sales/${sale.id}`, '*', { closesAt: future })).json.status, 'open');
  assert.equal((await shop.order(sale)).status, 201);
});

test('an item is added to an open sale and sold, up to two hundred of them', async () => {
  const sale = await shop.createSale({ items: Array.from({ length: 199 }, () => ({})) });
  const body = { name: 'One more', priceMinor: 700, capacity: 1, limitPerCustomer: 1 };
  const added = await call('POST', `/sales/${sale.id}/items`, { body });
  assert.equal(added.status, 201, added.text);
  assert.equal(added.headers.get('etag'), await tagOf(sale.id));
  const { id, ...item } = added.json;
  assert.deepEqual(item, {
    name: 'One more',
    priceMinor: 700,
    limitPerCustomer: 1,
    version: 1,
    stock: { capacity: 1, available: 1, held: 0, sold: 0 },
  });
  assert.equal((await send('GET', `${engines.url}${added.headers.get('location')}`)).text, added.text);
  const shown = await read(sale.id);
  assert.equal(shown.json.version, 2);
  assert.equal(shown.json.items.at(-1).id, id);
  assert.equal((await shop.order(sale, { lines: [{ itemId: id, quantity: 1 }] })).status, 201);

  const tooMany = await call('POST', `/sales/${sale.id}/items`, { body });
  assert.deepEqual([tooMany.status, tooMany.json.code], [400, 'validation-failed']);
  assert.equal((await read(sale.id)).json.items.length, 200);
});

const item = { name: 'Poster', priceMinor: 1, capacity: 1 };

test('SEC-05 PD-02 a sale that cannot be is a 400 that names each place, and nothing is made', async () => {
  const before = await countSales();
  const good = saleBody(shop.merchantId);
  const cases: [unknown, string][] = [
    [{ ...good, closesAt: good['opensAt'] }, '/closesAt'],
    [{ ...good, opensAt: '2030-01-01T00:00:00Z', closesAt: '2029-01-01T00:00:00Z' }, '/closesAt'],
    [{ ...good, opensAt: 'tomorrow' }, '/opensAt'],
    [{ ...good, opensAt: '2026-02-30T00:00:00Z' }, '/opensAt'],
    [{ ...good, opensAt: '2016-12-31T23:59:60Z' }, '/opensAt'],
    [{ ...good, opensAt: '0000-01-01T00:00:00Z' }, '/opensAt'],
    [{ ...good, closesAt: 1_900_000_000 }, '/closesAt'],
    [{ ...good, currency: 'XXX' }, '/currency'],
    [{ ...good, currency: 'eur' }, '/currency'],
    [{ ...good, fulfillment: 'teleport' }, '/fulfillment'],
    ...Object.keys(TERMS_DEFAULT).flatMap((term): [unknown, string][] => [
      [{ ...good, [term]: 0 }, `/${term}`],
      [{ ...good, [term]: 86_401 }, `/${term}`],
      [{ ...good, [term]: 1.5 }, `/${term}`],
    ]),
    [{ ...good, name: '' }, '/name'],
    [{ ...good, name: '   ' }, '/name'],
    [{ ...good, name: 'a\u0000b' }, '/name'],
    [{ ...good, name: 'x'.repeat(201) }, '/name'],
    [{ ...good, merchantId: 'me' }, '/merchantId'],
    [{ ...good, version: 7 }, '/version'],
    [{ ...good, status: 'open' }, '/status'],
    [{ ...good, test: 'yes' }, '/test'],
    [{ ...good, items: [] }, '/items'],
    [{ ...good, items: Array.from({ length: 201 }, () => item) }, '/items'],
    [{ ...good, items: [{ ...item, priceMinor: -1 }] }, '/items/0/priceMinor'],
    [{ ...good, items: [{ ...item, priceMinor: 1.5 }] }, '/items/0/priceMinor'],
    [{ ...good, items: [{ ...item, priceMinor: '1' }] }, '/items/0/priceMinor'],
    [{ ...good, items: [item, { ...item, priceMinor: 2 ** 53 }] }, '/items/1/priceMinor'],
    [{ ...good, items: [{ ...item, capacity: 10_000_001 }] }, '/items/0/capacity'],
    [{ ...good, items: [{ ...item, capacity: -1 }] }, '/items/0/capacity'],
    [{ ...good, items: [{ ...item, limitPerCustomer: 0 }] }, '/items/0/limitPerCustomer'],
    [{ ...good, items: [{ ...item, sold: 5 }] }, '/items/0/sold'],
    [{ ...good, items: [{ name: 'Poster', priceMinor: 1 }] }, '/items/0/capacity'],
  ];
  for (const [body, pointer] of cases) {
    const answer = await call('POST', '/sales', { body });
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], `${pointer}: ${answer.text}`);
    const pointers = answer.json.errors.map((error: { pointer: string }) => error.pointer);
    assert.ok(pointers.includes(pointer), `${pointer} is not in ${answer.text}`);
  }
  const proto = `{"__proto__":{"test":true},${JSON.stringify(good).slice(1)}`;
  assert.equal((await call('POST', '/sales', { rawBody: proto })).status, 400);
  const both = await call('POST', '/sales', { body: { ...good, currency: 'XXX', closesAt: good['opensAt'] } });
  assert.equal(both.json.errors.length, 2);
  assert.equal(await countSales(), before);
});

test('SEC-05 PD-02 a change that cannot be is a 400, and the sale stays as it was', async () => {
  const sale = await shop.createSale();
  const before = await tagOf(sale.id);
  const saleCases: [unknown, string][] = [
    [{}, ''],
    [{ currency: 'USD' }, '/currency'],
    [{ test: true }, '/test'],
    [{ version: 9 }, '/version'],
    [{ opensAt: '2999-01-01T00:00:00Z' }, '/opensAt'],
    [{ closesAt: '2001-01-01T00:00:00Z' }, '/closesAt'],
    [{ opensAt: '2030-01-01T00:00:00Z', closesAt: '2030-01-01T00:00:00Z' }, '/closesAt'],
    ...Object.keys(TERMS_DEFAULT).flatMap((term): [unknown, string][] => [
      [{ [term]: null }, `/${term}`],
      [{ [term]: 0 }, `/${term}`],
      [{ [term]: 86_401 }, `/${term}`],
    ]),
  ];
  const itemCases: [unknown, string][] = [
    [{}, ''],
    [{ capacity: 5 }, '/capacity'],
    [{ priceMinor: null }, '/priceMinor'],
    [{ limitPerCustomer: 1.5 }, '/limitPerCustomer'],
    [{ saleId: randomUUID() }, '/saleId'],
  ];
  for (const [path, cases] of [
    [`/sales/${sale.id}`, saleCases],
    [itemPath(sale), itemCases],
  ] as const) {
    for (const [body, pointer] of cases) {
      const answer = await patch(path, '*', body);
      assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], answer.text);
      const pointers = answer.json.errors.map((error: { pointer: string }) => error.pointer);
      assert.ok(pointers.includes(pointer), `${pointer} is not in ${answer.text}`);
    }
  }
  assert.equal(await tagOf(sale.id), before);
});

test('two hundred items with the longest names fit into one request', async () => {
  const items = Array.from({ length: 200 }, () => ({ name: 'ж'.repeat(200), limitPerCustomer: 1 }));
  const sale = await shop.createSale({ items });
  assert.equal(sale.items.length, 200);
});
