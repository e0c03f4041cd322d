import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { after, before, test } from 'node:test';
import { newCustomer, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;
let big: Sale;
const anna = newCustomer();
const ORDERS = 5_000;

const COLUMNS =
  'id,saleId,userId,status,version,arrival,currency,totalMinor,capturedMinor,refundedMinor,reference,placedAt,items';

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
  big = await shop.createSale({ items: [{ capacity: 1 }] });
  await insertOrders(big, ORDERS);
});

after(async () => {
  await engines.stop();
  await database.drop();
});

/** Writes paid orders straight into the ledger; of every tenth some money went back. */
async function insertOrders(sale: Sale, count: number): Promise<void> {
  await database.query(
    `WITH placed AS (
       INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, arrival, total_minor, status, fingerprint,
                           idempotency_key, reference)
       SELECT gen_random_uuid(), $1::uuid, $2::uuid, $2::uuid, now(), number, 1000, 'confirmed', '\\x00', number::text, 'R-' || number
       FROM generate_series(1, $3::int) AS number RETURNING id, arrival
     ), lines AS (
       INSERT INTO order_lines (order_id, item_id, unit_price_minor, position, quantity, held, sold, name)
       SELECT id, gen_random_uuid(), 500, position, 1, 0, 1, 'Poster ' || position
       FROM placed, generate_series(0, 1) AS position
     ), paid AS (
       INSERT INTO payments (id, order_id, provider, status, capture, currency, amount_minor, captured_minor, created_at)
       SELECT gen_random_uuid(), id, 'sandbox', 'captured', 'automatic', 'EUR', 1000, 1000, now() FROM placed
       RETURNING id, order_id
     ), refunded AS (
       INSERT INTO refunds (id, order_id, payment_id, status, amount_minor, cause, lines, created_at)
       SELECT gen_random_uuid(), paid.order_id, paid.id, status::refund_status, 300, 'requested', '[]', now()
       FROM paid JOIN placed ON placed.id = paid.order_id AND placed.arrival % 10 = 0,
            unnest('{succeeded,pending,failed}'::text[]) AS status
     )
     UPDATE sales SET last_arrival = $3::int WHERE id = $1`,
    [sale.id, anna.id, count],
  );
}

const exportUrl = (query: string) => `${engines.url}/api/v1/orders/export?${query}`;

/** The rows of a CSV text by RFC 4180, read character by character, so that nothing of the writer is used. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let [row, field, quoted]: [string[], string, boolean] = [[], '', false];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else quoted = false;
    } else if (character === '"' && field === '') quoted = true;
    else if (character === ',') {
      row.push(field);
      field = '';
    } else if (text.startsWith('\r\n', index)) {
      rows.push([...row, field]);
      [row, field] = [[], ''];
      index += 1;
    } else {
      assert.ok(character !== '"' && character !== '\n' && character !== '\r', `unquoted ${JSON.stringify(character)}`);
      field += character;
    }
  }
  assert.deepEqual([row, field, quoted], [[], '', false], 'the last row ends');
  return rows;
}

/** An export as objects, after checks of its form. */
async function readExport(query: string, token: string): Promise<Record<string, string>[]> {
  const answer = await send('GET', exportUrl(query), { token });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8');
  const [header, ...rows] = parseCsv(answer.text);
  assert.equal(header?.join(','), COLUMNS);
  return rows.map((row) => {
    assert.equal(row.length, header?.length);
    return Object.fromEntries(row.map((value, index) => [header?.[index], value]));
  });
}

test('an export has every order of the list once, with its money', async () => {
  const answer = await send('GET', exportUrl(`saleId=${big.id}`), { token: shop.operatorToken });
  assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="orders.csv"');
  assert.equal(answer.headers.get('transfer-encoding'), 'chunked');

  const rows = await readExport(`saleId=${big.id}`, shop.operatorToken);
  assert.deepEqual(
    rows.map(({ arrival }) => Number(arrival)),
    Array.from({ length: ORDERS }, (_, index) => index + 1),
  );
  const [tenth] = rows.filter(({ arrival }) => arrival === '10');
  assert.deepEqual(
    { ...tenth, id: '', placedAt: '' },
    {
      id: '',
      saleId: big.id,
      userId: anna.id,
      status: 'confirmed',
      version: '1',
      arrival: '10',
      currency: 'EUR',
      totalMinor: '1000',
      capturedMinor: '1000',
      refundedMinor: '300',
      reference: 'R-10',
      placedAt: '',
      items: 'Poster 0 × 1; Poster 1 × 1',
    },
  );
  assert.equal(rows.filter(({ refundedMinor }) => refundedMinor === '300').length, ORDERS / 10);
});

test('an export takes the filters of the list', async () => {
  assert.equal((await readExport('reference=R-17', shop.operatorToken)).length, 1);
  assert.equal((await readExport(`saleId=${big.id}&status=cancelled,expired`, shop.operatorToken)).length, 0);
  assert.equal((await readExport('placedUntil=2020-01-01T00:00:00Z', shop.operatorToken)).length, 0);
  for (const wrong of ['status=paid', 'cursor=x', 'limit=5', 'include=payments', 'placedFrom=now']) {
    const answer = await send('GET', exportUrl(wrong), { token: shop.operatorToken });
    assert.equal(answer.status, 400, wrong);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  }
});

test('text with quotes, commas, newlines and any letters comes back as it was; formulas are disarmed', async () => {
  const texts = [
    'plain',
    'a "quoted" word, and a comma',
    'two\nlines',
    'carriage\rreturn',
    'both\r\nof them',
    'Ünïcödé 漢字 🍜 \u2028',
    ' blanks around ',
    "'apostrophe",
    '100 × "x"; y',
  ];
  const formulas = ['=HYPERLINK("http://evil.example")', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'];
  const sale = await shop.createSale({
    items: [...texts, ...formulas].map((name) => ({ name: `${name}.`, capacity: 9 })),
  });
  for (const [index, reference] of [...texts, ...formulas].entries()) {
    const body = { saleId: sale.id, lines: [{ itemId: sale.items[index]?.id, quantity: 2 }], reference };
    const placed = await shop.order(sale, { body });
    assert.equal(placed.status, 201, placed.text);
  }
  const rows = await readExport(`saleId=${sale.id}`, shop.operatorToken);
  assert.deepEqual(
    rows.map(({ reference }) => reference),
    [...texts, ...formulas.map((formula) => `'${formula}`)],
  );
  assert.deepEqual(
    rows.map(({ items }) => items),
    [...texts.map((text) => `${text}. × 2`), ...formulas.map((formula) => `'${formula}. × 2`)],
  );
});

test('SEC-02 an export holds what its caller may list and nothing else', async () => {
  const merchantId = await createMerchant(shop);
  const strangers = [
    await createMember(shop, merchantId, 'merchant'),
    await createApiKey(shop, merchantId),
    await createMember(shop, shop.merchantId, 'courier'),
    newCustomer().token,
  ];
  for (const token of strangers) assert.deepEqual(await readExport('', token), []);
  const forbidden = await send('GET', exportUrl(`userId=${anna.id}`), { token: newCustomer().token });
  assert.equal(forbidden.json.code, 'forbidden');
  assert.equal((await send('GET', exportUrl(''))).status, 401);

  const staff = await createMember(shop, shop.merchantId, 'merchant');
  assert.equal((await readExport(`saleId=${big.id}`, staff)).length, ORDERS);
  assert.equal((await readExport('', anna.token)).length, ORDERS);
});

test('HEAD tells the headers of an export and reads nothing', async () => {
  const answer = await send('HEAD', exportUrl(''), { token: shop.operatorToken });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8');
});

test('a client that hangs up in the middle harms nobody', async () => {
  for (let count = 0; count < 20; count += 1) {
    const request = get(exportUrl(''), { headers: { authorization: `Bearer ${shop.operatorToken}` } });
    const [response] = await once(request, 'response');
    response.destroy();
  }
  assert.equal((await readExport('reference=R-1', shop.operatorToken)).length, 1);
  assert.deepEqual(
    engines.output().filter((line) => /"level":(50|60)/.test(line)),
    [],
  );
});
