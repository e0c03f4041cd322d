import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { newCustomer, send, tokenFor } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { CLI, runDoorbuster } from '../support/doorbuster.ts';
import type { TestEngines } from '../support/engines.ts';
import { pay, placeOrder, step } from '../support/orders.ts';
import { freePort } from '../support/postgres.ts';
import { createReceiver, type Receiver, withStatus } from '../support/receiver.ts';
import { createShop, type Shop, saleBody } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const OPERATOR = { email: 'operator@example.com', password: 'doorbuster-development' };

const stage = createStage({ after });
let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;
let receiver: Receiver;

before(async () => {
  database = await stage.database();
  engines = await stage.engines({
    DATABASE_URL: database.url,
    WEBHOOK_ALLOW_PRIVATE: 'true',
    WEBHOOK_RETRY_SECONDS: '1',
    DEAD_LETTER_REDRIVE_SECONDS: 'off',
  });
  receiver = await createReceiver();
  stage.atEnd(() => receiver.close());
  shop = await createShop(engines.url);
});

/** The settings of somebody who calls: the operator, unless told otherwise. */
const asCaller = (settings: Record<string, string> = {}) => ({
  DOORBUSTER_URL: engines.url,
  DOORBUSTER_TOKEN: shop.operatorToken,
  TZ: 'Europe/Berlin',
  ...settings,
});

/** Calls as the operator, which must succeed; what was printed. */
async function call(args: readonly string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runDoorbuster(args, asCaller(), input);
  assert.equal(exitCode, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

const callJson = async (args: readonly string[], input?: string) => JSON.parse(await call([...args, '--json'], input));

/** Calls as the operator, or as somebody else, which must fail with an exit code and a sentence, and without a stack. */
async function refused(
  args: readonly string[],
  exitCode: number,
  why: RegExp,
  settings = {},
  input = '',
): Promise<void> {
  const ended = await runDoorbuster(args, asCaller(settings), input);
  assert.deepEqual([ended.exitCode, ended.stdout], [exitCode, ''], `${args.join(' ')}: ${ended.stderr}`);
  assert.match(ended.stderr, why);
  assert.doesNotMatch(ended.stderr, /\n {4}at /);
}

async function read(path: string) {
  const answer = await send('GET', `${engines.url}/api/v1${path}`, { token: shop.operatorToken });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

test('sale create: from options, with the id as all that is printed', async () => {
  const printed = await call([
    ...['sale', 'create', '--name', 'Friday drop', '--currency', 'EUR', '--closes', '+2h', '--test'],
    ...['--item', 'Poster:15.00:500:2', '--item', 'Print:120.00:50'],
  ]);
  assert.match(printed, /^[0-9a-f-]{36}\n$/);
  const sale = await read(`/sales/${printed.trim()}`);
  // The only merchant that the caller may sell for.
  assert.deepEqual(
    [sale.name, sale.currency, sale.status, sale.test, sale.merchantId],
    ['Friday drop', 'EUR', 'open', true, shop.merchantId],
  );
  assert.equal(Date.parse(sale.closesAt) - Date.parse(sale.opensAt), 7_200_000);
  assert.deepEqual(
    sale.items.map(
      (item: { name: string; priceMinor: number; limitPerCustomer: number; stock: { capacity: number } }) => [
        item.name,
        item.priceMinor,
        item.stock.capacity,
        item.limitPerCustomer,
      ],
    ),
    [
      ['Poster', 1_500, 500, 2],
      ['Print', 12_000, 50, null],
    ],
  );
});

test('sale create: from a file or standard input, once for each key', async () => {
  const body = JSON.stringify(saleBody(shop.merchantId, { holdSeconds: 77 }));
  const key = randomUUID();
  const made = await callJson(['sale', 'create', '--file', '-', '--key', key], body);
  assert.equal(made.holdSeconds, 77);
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-sale-'));
  stage.atEnd(() => rm(folder, { recursive: true }));
  const file = join(folder, 'sale.json');
  await writeFile(file, body);
  assert.equal(await call(['sale', 'create', '--file', file, '--key', key]), `${made.id}\n`);
  assert.notEqual(await call(['sale', 'create', '--file', file]), `${made.id}\n`);
  const opens = ['--opens', '2026-01-01T00:00Z', '--name', 'A', '--currency', 'EUR', '--closes', '+4000d'];
  const options = ['sale', 'create', ...opens, '--item', 'Poster:15.00:1', '--key', randomUUID()];
  assert.equal(await call(options), await call(options));
  await refused(
    ['sale', 'create', '--file', file, '--key', options.at(-1) ?? ''],
    1,
    /\(idempotency-key-reused, request /,
  );

  await refused(['sale', 'create', '--file', '-'], 1, /\(validation-failed, request .*\)\n {2}- \/name: /, {}, '{}');
  await refused(['sale', 'create', '--file', '-'], 1, /Standard input is not JSON: /, {}, '{"name"');
  await refused(['sale', 'create', '--file', '-'], 1, /Standard input has no JSON object/, {}, 'null');
  await refused(['sale', 'create', '--file', join(folder, 'none')], 1, /none cannot be read: ENOENT/);
  await refused(['sale', 'create', '--file', file, '--name', 'A'], 2, /--name and --file exclude each other/);
  await refused(['sale', 'create', '--name', 'A'], 2, /--closes and at least one --item must be given/);
});

test('sale list and show: tables for people, the documents of the API for programs, and no token needed', async () => {
  const sale = await shop.createSale({
    name: 'Drop \x1b[31mred',
    opensAt: '2026-11-21T20:05:06Z',
    closesAt: '2999-01-01T00:00:00Z',
    items: [{ name: 'Poster', capacity: 1_500 }, { capacity: 5 }],
  });
  const nobody = asCaller({ DOORBUSTER_TOKEN: '' });
  const list = await runDoorbuster(['sale', 'list', '--merchant', shop.merchantId], nobody);
  assert.equal(list.exitCode, 0, list.stderr);
  assert.match(list.stdout, /^ID +STATUS +NAME +LEFT +OPENS +CLOSES\n/);
  const row = list.stdout.split('\n').find((line) => line.startsWith(sale.id)) ?? '';
  assert.match(row, /^\S+ +\w+ +Drop \ufffd\[31mred +1,505 of 1,505 +21 Nov 2026, 21:05 +1 Jan 2999, 01:00$/);
  const shown = await runDoorbuster(['sale', 'show', sale.id], nobody);
  assert.match(shown.stdout, /\nOpens +21 Nov 2026, 21:05:06 (CET|GMT\+1)\n/);
  assert.match(shown.stdout, /\n\nITEM +NAME +LEFT +HELD +SOLD +OF +PRICE +LIMIT\n/);
  assert.match(shown.stdout, new RegExp(`\n${sale.items[0]?.id} +Poster +1,500 +0 +0 +1,500 +EUR 15\\.00 +–\n`));
  assert.deepEqual(await callJson(['sale', 'show', sale.id]), await read(`/sales/${sale.id}`));
});

test('a list goes over pages up to --limit, and tells that there is more', async () => {
  const other = await send('POST', `${engines.url}/api/v1/merchants`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { name: 'Another shop' },
  });
  const merchantId = other.json.id as string;
  const count = 103;
  const sale = JSON.stringify(saleBody(merchantId));
  for (let made = 0; made < count; made += 1) {
    const { status } = await send('POST', `${engines.url}/api/v1/sales`, {
      token: shop.operatorToken,
      key: 'auto',
      rawBody: sale,
    });
    assert.equal(status, 201);
  }
  const list = (limit: number) =>
    runDoorbuster(['sale', 'list', '--merchant', merchantId, '--json', '--limit', `${limit}`], asCaller());
  const [some, exactly, all] = await Promise.all([list(count - 1), list(count), list(count + 1)]);
  const ids = (printed: string) => (JSON.parse(printed) as { id: string }[]).map(({ id }) => id);
  assert.deepEqual([ids(some.stdout).length, ids(exactly.stdout).length], [count - 1, count]);
  assert.equal(new Set(ids(all.stdout)).size, count);
  assert.match(some.stderr, /These are the first 102\. --limit shows more/);
  assert.deepEqual([exactly.stderr, all.stderr], ['', '']);
  const options = ['--name', 'A', '--currency', 'EUR', '--closes', '+2h', '--item', 'A:1.00:1'];
  await refused(['sale', 'create', ...options], 1, /several merchants: say by --merchant/);
  await refused(['sale', 'list', '--limit', '0'], 2, /--limit must be a whole number from 1/);
});

test('sale pause and resume', async () => {
  const sale = await shop.createSale({ name: 'Drop' });
  assert.equal(await call(['sale', 'pause', sale.id]), 'The sale "Drop" is paused now.\n');
  assert.equal((await read(`/sales/${sale.id}`)).status, 'paused');
  assert.equal((await callJson(['sale', 'resume', sale.id])).status, 'open');
});

test('stock set and adjust, up and down, once for each key, and never below what is promised', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 10 }] });
  const item = sale.items[0]?.id ?? '';
  await placeOrder(shop, sale, { quantity: 3 });
  assert.equal(await call(['stock', 'set', item, '20']), 'Now 20 units: 17 left, 3 held, 0 sold.\n');
  assert.equal(await call(['stock', 'adjust', item, '+5']), 'Now 25 units: 22 left, 3 held, 0 sold.\n');
  const down = ['stock', 'adjust', item, '-10', '--key', randomUUID()];
  assert.equal((await callJson(down)).stock.capacity, 15);
  assert.equal((await callJson(down)).stock.capacity, 15);
  await refused(['stock', 'set', item, '2'], 1, /\(stock-below-promised, request /);
  await refused(['stock', 'set', item, '-2'], 2, /Unknown option|must be a whole number/);
  await refused(['stock', 'set', item, '1e3'], 2, /<capacity> must be a whole number/);
  await refused(['stock', 'set', 'poster', '10'], 2, /<item> must be an id/);
  await refused(['stock', 'adjust', item, '5', '--key', 'ä'], 2, /--key must be/);
});

test('order list and show: filters, the money, and what happened when, by id and by reference', async () => {
  const sale = await shop.createSale({ name: 'Drop' });
  const reference = `web-${randomUUID()}`;
  const customer = newCustomer();
  const placed = await shop.order(sale, {
    token: customer.token,
    body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 2 }], reference },
  });
  assert.equal(placed.status, 201, placed.text);
  const order = { id: placed.json.id as string, customer };
  assert.equal((await pay(engines.url, order)).status, 200);
  const refund = { token: shop.operatorToken, body: { amountMinor: 500, reason: 'a crease' } };
  assert.equal((await step(engines.url, order.id, 'refunds', refund)).status, 201);
  await database.until(`SELECT 1 FROM order_events WHERE order_id = $1 AND type = 'refund.succeeded'`, [order.id]);
  await placeOrder(shop, sale);

  const list = await call(['order', 'list', '--sale', sale.id, '--status', 'confirmed,completed']);
  const [head = '', row = '', ...rest] = list.split('\n');
  assert.match(head, /^ORDER +STATUS +TOTAL +PLACED +NO\. +REFERENCE$/);
  assert.match(row, new RegExp(`^${order.id}  confirmed  EUR 30\\.00 .* 1  ${reference}$`));
  assert.deepEqual(rest, ['']);
  const both = await callJson(['order', 'list', '--sale', sale.id]);
  assert.deepEqual(both, (await read(`/orders?saleId=${sale.id}`)).data);

  const shown = await call(['order', 'show', order.id]);
  assert.match(shown, /\nSale +Drop \(/);
  assert.match(shown, /\n +2 +Poster +EUR 15\.00 +EUR 30\.00\n/);
  assert.match(shown, /\n\nPAYMENT .*\n\S{36} +captured +EUR 30\.00 +sandbox\n/);
  assert.match(shown, /\n\nREFUND .*\n\S{36} +succeeded +EUR 5\.00 +a crease\n/);
  const history = shown.slice(shown.indexOf('\nWHEN '));
  assert.match(
    history,
    / order\.placed +customer +pending_payment\n(.*\n)*.* captured EUR 30\.00 .*\n(.*\n)*.* refund of EUR 5\.00 .*\n(.*\n)*.* refund\.succeeded +refund succeeded +system +confirmed\n$/,
  );
  assert.equal(await call(['order', 'show', reference]), shown);
  const included = await read(`/orders/${order.id}?include=payments,refunds,history,sale`);
  assert.deepEqual(await callJson(['order', 'show', order.id]), included);
  assert.deepEqual(await callJson(['order', 'show', reference]), included);

  await shop.order(sale, { body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }], reference } });
  await refused(['order', 'show', reference], 1, /Several orders have this reference[\s\S]*\n\S{36} /);
  await refused(['order', 'show', 'web-none'], 1, /no order with the reference "web-none"/);
  await refused(['order', 'list', '--status', 'lost'], 1, /\(validation-failed, request /);
  await refused(['order', 'list', '--from', '2026-01-01'], 2, /--from must be a time with its time zone/);
});

/** Webhooks to an endpoint of its own, given up after their tries; the ids of the endpoint and the letters. */
async function deadLetters(count: number): Promise<{ endpoint: string; letters: string[] }> {
  receiver.answer(withStatus(500));
  const made = await send('POST', `${engines.url}/api/v1/merchants/${shop.merchantId}/webhook-endpoints`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { url: `${receiver.url}/${randomUUID()}`, eventTypes: ['order.placed'] },
  });
  assert.equal(made.status, 201, made.text);
  const endpoint = made.json.id as string;
  const sale = await shop.createSale();
  for (let placed = 0; placed < count; placed += 1) await placeOrder(shop, sale);
  await database.until(`SELECT 1 FROM dead_letters WHERE endpoint_id = $1 AND status = 'dead' HAVING count(*) = $2`, [
    endpoint,
    count,
  ]);
  const { data } = await read(`/admin/dlq?endpointId=${endpoint}`);
  return { endpoint, letters: data.map(({ id }: { id: string }) => id) };
}

const untilResolved = (endpoint: string, count: number) =>
  database.until(`SELECT 1 FROM dead_letters WHERE endpoint_id = $1 AND status = 'resolved' HAVING count(*) = $2`, [
    endpoint,
    count,
  ]);

test('dead-letter list, show, redrive and discard', async () => {
  const { endpoint, letters } = await deadLetters(2);
  const [first = '', second = ''] = letters;
  const list = await call(['dead-letter', 'list', '--endpoint', endpoint, '--kind', 'webhook']);
  assert.match(list, /^LETTER +KIND +TRIES +ERROR +DIED +ANEW BY ITSELF\n/);
  assert.match(list, new RegExp(`\n${first} +webhook +2 .* never\n`));
  const shown = await call(['dead-letter', 'show', first]);
  assert.match(shown, /\nRedriven +never\n[\s\S]*\n\nTRY +WHEN +TOOK +HTTP +ERROR +ANSWER\n +1 +.* ms +500 /);
  assert.deepEqual(await callJson(['dead-letter', 'show', first]), await read(`/admin/dlq/${first}`));

  receiver.answer(withStatus(204));
  assert.match(await call(['dead-letter', 'redrive', first]), /^The webhook is being tried anew/);
  await untilResolved(endpoint, 1);
  await refused(['dead-letter', 'redrive', first], 1, /\(wrong-status, request /);

  await refused(['dead-letter', 'discard', second], 2, /--reason is missing/);
  const discarded = await call(['dead-letter', 'discard', second, '--reason', 'The shop is closed.']);
  assert.equal(discarded, `The webhook ${second} is discarded.\n`);
  const left = await runDoorbuster(['dead-letter', 'list', '--endpoint', endpoint], asCaller());
  assert.deepEqual([left.exitCode, left.stdout, left.stderr], [0, '', 'There are no such dead letters.\n']);
  assert.deepEqual(await callJson(['dead-letter', 'list', '--endpoint', endpoint]), []);

  for (const args of [[], [first, '--all'], [first, '--endpoint', endpoint], ['--endpoint', endpoint]]) {
    await refused(['dead-letter', 'redrive', ...args], 2, /Give either a <letter> alone, or --all and which/);
  }
});

test('dead-letter redrive --all waits until it is over; Ctrl-C ends the command, and the redrive goes on', async () => {
  const { endpoint } = await deadLetters(3);
  receiver.answer(withStatus(204));
  const args = ['dead-letter', 'redrive', '--all', '--endpoint', endpoint, '--per-second', '1'];
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env['PATH'], ...asCaller() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, ended] = [text(child.stdout), once(child, 'exit')];
  let told = '';
  for await (const chunk of child.stderr) {
    if (told === '') child.kill('SIGINT');
    told += chunk;
  }
  assert.deepEqual([(await ended)[0], await stdout], [130, '']);
  assert.match(told, /^Redrive \S{36} of 3 has begun\.\n\nThe redrive goes on in the engine/);
  await untilResolved(endpoint, 3);

  const again = await deadLetters(3);
  receiver.answer(withStatus(204));
  // The other redrive ends a moment after its last letter.
  await database.until(`SELECT 1 FROM redrives HAVING count(*) FILTER (WHERE status = 'running') = 0`);
  const done = await call(['dead-letter', 'redrive', '--all', '--endpoint', again.endpoint, '--per-second', '100']);
  assert.match(done, /^3 of 3 dead letters were tried anew/);
  await untilResolved(again.endpoint, 3);
  const none = await callJson(['dead-letter', 'redrive', '--all', '--endpoint', again.endpoint]);
  assert.deepEqual([none.status, none.matched, none.filter], ['done', 0, { endpointId: again.endpoint }]);
});

test('token prints a token and nothing else, by a password from the environment or from a pipe', async () => {
  const url = { DOORBUSTER_URL: engines.url };
  const email = { DOORBUSTER_EMAIL: OPERATOR.email };
  const password = { DOORBUSTER_PASSWORD: OPERATOR.password };
  for (const [args, settings, input] of [
    [['--email', OPERATOR.email], password, ''],
    [[], { ...email, DOORBUSTER_TOKEN: 'not this one' }, `${OPERATOR.password}\n`],
    [['--email', OPERATOR.email], { DOORBUSTER_EMAIL: 'other@example.com' }, OPERATOR.password],
  ] as const) {
    const { exitCode, stdout, stderr } = await runDoorbuster(['token', ...args], { ...url, ...settings }, input);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const me = await send('GET', `${engines.url}/api/v1/accounts/me`, { token: stdout.trim() });
    assert.equal(me.json.email, OPERATOR.email, me.text);
  }
  const session = await runDoorbuster(['token', '--json'], { ...url, ...email, ...password });
  assert.equal(JSON.parse(session.stdout).tokenType, 'Bearer');

  await refused(['token', '--email', OPERATOR.email], 1, /\(credentials-rejected, request /, {}, 'wrong');
  await refused(['token', '--email', OPERATOR.email], 1, /No password was given/);
  await refused(['token'], 2, /--email is missing, and DOORBUSTER_EMAIL is not set/);
  await refused(['token', '--email', OPERATOR.email, '--password', 'x'], 2, /Unknown option '--password'/);
});

test('a call logs in by e-mail and password where there is no token', async () => {
  const settings = { DOORBUSTER_TOKEN: '', DOORBUSTER_EMAIL: OPERATOR.email, DOORBUSTER_PASSWORD: OPERATOR.password };
  const { exitCode, stderr } = await runDoorbuster(['dead-letter', 'list', '--json'], asCaller(settings));
  assert.equal(exitCode, 0, stderr);
  await refused(['dead-letter', 'list'], 1, /DOORBUSTER_PASSWORD is not/, { ...settings, DOORBUSTER_PASSWORD: '' });
  const wrong = { ...settings, DOORBUSTER_PASSWORD: 'wrong-wrong-wrong' };
  await refused(['dead-letter', 'list'], 1, /\(credentials-rejected, request /, wrong);
});

/** Logs in at a terminal, which `script` makes (Debian always has it), with these keys pressed when it is asked for. */
async function typePassword(keys: string): Promise<{ exitCode: number; shown: string }> {
  const command = `'${process.execPath}' '${CLI}' token --email ${OPERATOR.email}`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], DOORBUSTER_URL: engines.url, SHELL: '/bin/sh', TERM: 'xterm' },
  });
  const ended = once(terminal, 'exit');
  let shown = '';
  for await (const chunk of terminal.stdout) {
    const asked = shown.includes('Password of');
    shown += chunk;
    if (!asked && shown.includes('Password of')) terminal.stdin.write(keys);
  }
  return { exitCode: (await ended)[0], shown };
}

test('a password that is typed is not shown, and Ctrl-C ends the question', async () => {
  const typed = await typePassword(`${OPERATOR.password}\r`);
  assert.equal(typed.exitCode, 0, typed.shown);
  assert.match(typed.shown, /^Password of operator@example\.com: \r\n[\w-]+\.[\w-]+\.[\w-]+\r\n$/);
  const brokenOff = await typePassword('half of it\x03');
  assert.deepEqual(brokenOff, {
    exitCode: 1,
    shown: 'Password of operator@example.com: \r\n\r\nBroken off.\r\n\r\n',
  });
});

test('whoever has read enough, like head, ends the command without a word', async () => {
  const sale = await shop.createSale();
  const child = spawn(process.execPath, [CLI, 'sale', 'show', sale.id], {
    env: { PATH: process.env['PATH'], ...asCaller() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  child.stdout.destroy();
  assert.equal(await text(child.stderr), '');
  assert.deepEqual(await ended, [0, null]);
});

test('whoever may not, is told so with the code and the request; a strange token or address is told too', async () => {
  const list = ['dead-letter', 'list'];
  await refused(list, 1, /\(forbidden, request \S{36}\)/, { DOORBUSTER_TOKEN: tokenFor(randomUUID()) });
  const hint = /\(unauthenticated, request \S{36}\)\nSet DOORBUSTER_TOKEN/;
  await refused(list, 1, hint, { DOORBUSTER_TOKEN: 'wrong' });
  await refused(list, 1, hint, { DOORBUSTER_TOKEN: '' });
  await refused(list, 1, /DOORBUSTER_TOKEN is no token/, { DOORBUSTER_TOKEN: 'two\nlines' });
  await refused([...list, '--url', 'localhost:3000'], 2, /--url must be an http or https address/);
  await refused(list, 1, /DOORBUSTER_URL must be an http or https address/, { DOORBUSTER_URL: 'ftp://example.com' });
  await refused(['sale', 'show', randomUUID()], 1, /\(not-found, request /);
  await refused(['sale', 'show', '..'], 2, /<sale> must be an id/);
});

test('no engine, or something else in its place: where it was looked for, and what helps', async () => {
  const away = `http://127.0.0.1:${await freePort()}`;
  const why = new RegExp(
    `^\nNo engine answers at ${away} \\(connect ECONNREFUSED .*\\)\\. Start one here by .* serve"`,
  );
  await refused(['sale', 'list'], 1, why, { DOORBUSTER_URL: away });
  await refused(['sale', 'list', '--url', `${away.replace('//', '//anna:hunter2@')}/`], 1, why);
  receiver.answer(withStatus(404));
  await refused(['sale', 'list', '--url', receiver.url], 1, /is not an engine, or not as one \(status 404\)/);
});

test('an engine that asks to wait is waited for, and the person is told', async () => {
  const busy = { status: 503, code: 'overloaded', title: 'Busy', detail: 'Too many wait.', requestId: randomUUID() };
  let asked = 0;
  receiver.answer((_, response) => {
    asked += 1;
    if (asked === 1) response.writeHead(503, { 'retry-after': '2' }).end(JSON.stringify(busy));
    else response.end(JSON.stringify({ data: [], nextCursor: null }));
  });
  const { exitCode, stdout, stderr } = await runDoorbuster(
    ['sale', 'list', '--json', '--url', receiver.url],
    asCaller(),
  );
  assert.deepEqual([exitCode, stdout, asked], [0, '[]\n', 2], stderr);
  assert.match(stderr, /^.*Too many wait\. \(503 overloaded\): again in 3 s …\n/);
});

test('an answer that never comes: what is asked for again with the key that was told is done once', async () => {
  receiver.answer((_, response) => response.destroy());
  const sale = await shop.createSale({ items: [{ capacity: 10 }] });
  const item = sale.items[0]?.id ?? '';
  const lost = await runDoorbuster(['stock', 'adjust', item, '1', '--url', receiver.url], asCaller());
  assert.equal(lost.exitCode, 1);
  const [, key = ''] =
    /Whether it was done is not known\. The same once more with --key (\S+) does it once/.exec(lost.stderr) ?? [];
  // Each try had this key.
  assert.equal(new Set(receiver.received.slice(-3).map(({ headers }) => headers['idempotency-key'])).size, 1);
  assert.equal(receiver.received.at(-1)?.headers['idempotency-key'], key);

  const options = [
    '--name',
    'A',
    '--currency',
    'EUR',
    '--closes',
    '+2h',
    '--item',
    'A:1.00:1',
    '--merchant',
    shop.merchantId,
  ];
  const create = await runDoorbuster(['sale', 'create', ...options, '--url', receiver.url], asCaller());
  const [, document = ''] = /to ask again by --file:\n(.*)\n/.exec(create.stderr) ?? [];
  assert.deepEqual(JSON.parse(document), JSON.parse(receiver.received.at(-1)?.body ?? ''));
});
