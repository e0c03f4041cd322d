import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeWebhookSecret, signWebhook } from '../../src/webhooks/sign-webhook.ts';
import { openPage } from '../support/chromium.ts';
import { newCustomer } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { type PackedClient, packClient, readExamples } from '../support/packed-client.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const run = promisify(execFile);
const stage = createStage({ after });
const tool = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

/** Where the page comes from: another origin than the engine, and no secure context. */
const PAGE_HOST = 'shop.example';

let packed: PackedClient;
let page: Awaited<ReturnType<typeof servePage>>;
let database: TestDatabase;
let shop: Shop;

before(async () => {
  packed = await packClient();
  stage.atEnd(() => packed.remove());
  page = await servePage(packed.installed);
  stage.atEnd(page.close);
  database = await stage.database();
  const engines = await stage.engines({ DATABASE_URL: database.url, CORS_ORIGINS: page.origin });
  shop = await createShop(engines.url);
});

test('the packed client has no dependencies and passes the linters of packages and types', async () => {
  const manifest = JSON.parse(await readFile(join(packed.installed, 'package.json'), 'utf8'));
  assert.deepEqual([manifest.dependencies, manifest.private], [undefined, undefined]);
  await run(tool('publint'), [packed.tarball, '--strict']);
  await run(tool('attw'), [packed.tarball, '--profile', 'esm-only']);
});

test('the manual’s examples compile against the packed client, by both ways to resolve modules', async () => {
  const examples = await readExamples('ts');
  assert.ok(examples.length >= 4);
  const files = examples.map((_, index) => `example-${index}.ts`);
  await Promise.all(examples.map((code, index) => writeFile(join(packed.folder, `example-${index}.ts`), code)));
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022'];
  const libraries = ['--lib', 'es2022,dom,dom.iterable,dom.asynciterable', '--types', ''];
  for (const resolution of [
    ['--module', 'nodenext'],
    ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ]) {
    const { stdout } = await run(tool('tsc'), [...options, ...libraries, ...resolution, ...files], {
      cwd: packed.folder,
    });
    assert.equal(stdout, '');
  }
  const wrong = `import { createClient } from 'doorbuster-client';\nawait createClient({ baseUrl: '' }).orders.place({});\n`;
  await writeFile(join(packed.folder, 'wrong.ts'), wrong);
  const compiling = run(tool('tsc'), [...options, ...libraries, '--module', 'nodenext', 'wrong.ts'], {
    cwd: packed.folder,
  });
  await assert.rejects(compiling, ({ stdout }: { stdout: string }) => stdout.includes('saleId'));
});

/** Starts an example of the manual by plain Node. */
async function startExample(name: string, env: Record<string, string>, args: readonly string[] = []) {
  const code = (await readExamples('js')).find((example) => example.startsWith(`// ${name}:`));
  assert.ok(code, `The manual has no example ${name}.`);
  await writeFile(join(packed.folder, name), code);
  const child = spawn(process.execPath, [name, ...args], {
    cwd: packed.folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stage.atEnd(async () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { nextLine: async () => (await lines.next()).value as string | undefined };
}

test('CL-07 a plain Node script buys with the packed client, and is told when it is too late', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 1 }] });
  const buy = () => {
    const env = { DOORBUSTER_URL: shop.url, DOORBUSTER_TOKEN: newCustomer().token };
    return startExample('buy.mjs', env, [sale.id]);
  };
  const first = await buy();
  assert.match((await first.nextLine()) ?? '', /^You are number 1\. Pay by \d{4}-/);
  assert.equal(await first.nextLine(), 'The order is confirmed.');
  assert.equal(await (await buy()).nextLine(), 'Too late: 0 left.');
});

test('a plain Node receiver believes the engine’s webhooks and nobody else’s', async () => {
  const secret = makeWebhookSecret();
  const receiver = await startExample('receive.mjs', { WEBHOOK_SECRET: secret, PORT: '0' });
  const port = /^listening on (\d+)$/.exec((await receiver.nextLine()) ?? '')?.[1];
  const body = '{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{}}';
  const deliver = async (secrets: string[]) => {
    const headers = signWebhook({ id: 'evt_1', timestamp: new Date(), body, secrets });
    return (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body, headers })).status;
  };
  assert.equal(await deliver([makeWebhookSecret()]), 400);
  assert.equal(await deliver([secret]), 204);
  assert.equal(await receiver.nextLine(), 'evt_1 order.paid');
});

test('CL-07 a page of another origin buys in Chromium with the packed client, and shows the order as it goes on', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 5 }] });
  const query = new URLSearchParams({ engine: shop.url, token: newCustomer().token, sale: sale.id });
  const browser = await openPage(`${page.origin}/?${query}`);
  stage.atEnd(browser.close);
  const shown = await page.shown;
  assert.match(shown, /<li>secure: false<\/li>/, browser.output());
  assert.match(shown, /<li>number 1<\/li><li>order\.placed<\/li>.*<li>order\.paid<\/li>/);
  const orders = await database.query<{ idempotency_key: string; status: string }>(
    'SELECT idempotency_key, status FROM orders WHERE sale_id = $1',
    [sale.id],
  );
  assert.deepEqual(
    orders.map(({ status }) => status),
    ['confirmed'],
  );
  assert.ok(shown.includes(`<li>key ${orders[0]?.idempotency_key}</li>`), shown);
});

/** What a shop would write. The page tells its server how it looks in the end. */
const PAGE = `<!doctype html>
<title>Shop</title>
<ul></ul>
<script type="importmap">{ "imports": { "doorbuster-client": "/dist/index.js" } }</script>
<script type="module">
  import { createClient, newIdempotencyKey } from 'doorbuster-client';

  const show = (text) => document.querySelector('ul').insertAdjacentHTML('beforeend', '<li>' + text + '</li>');
  const { engine, token, sale: saleId } = Object.fromEntries(new URLSearchParams(location.search));
  try {
    show('secure: ' + isSecureContext);
    const client = createClient({ baseUrl: engine, token });
    const sale = await client.sales.get(saleId);
    const idempotencyKey = newIdempotencyKey();
    show('key ' + idempotencyKey);
    const lines = [{ itemId: sale.items[0].id, quantity: 1 }];
    const order = await client.orders.place({ saleId, lines }, { idempotencyKey });
    show('number ' + order.arrival);
    for await (const { type } of client.orders.watch(order.id)) {
      show(type);
      if (type === 'order.placed') await client.orders.pay(order, { paymentMethod: 'card_ok' });
      if (type === 'order.paid') break;
    }
  } catch (error) {
    show(error.stack);
  }
  await fetch('/shown', { method: 'POST', body: document.documentElement.outerHTML });
</script>`;

/** Serves the page, and the built client beside it. */
async function servePage(installed: string) {
  const shown = Promise.withResolvers<string>();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', `http://${PAGE_HOST}`);
    if (pathname === '/shown') {
      shown.resolve(await text(request));
      response.end();
    } else if (pathname === '/') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    } else if (/^\/dist\/([\w-]+\/)?[\w-]+\.js$/.test(pathname)) {
      const module = await readFile(join(installed, pathname), 'utf8').catch(() => undefined);
      response.writeHead(module === undefined ? 404 : 200, { 'content-type': 'text/javascript' }).end(module);
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The page has no port.');
  return {
    origin: `http://${PAGE_HOST}:${address.port}`,
    /** The page as it is in the end. */
    shown: shown.promise,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
