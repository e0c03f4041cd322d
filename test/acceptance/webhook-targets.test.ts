import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
let shop: Shop;
let receiver: Receiver;
let path: string;

before(async () => {
  database = await stage.database();
  receiver = await createReceiver();
  stage.atEnd(receiver.close);
  const engine = await stage.engine({ DATABASE_URL: database.url, WEBHOOK_RETRY_SECONDS: 'off' });
  shop = await createShop(engine.url);
  path = `${engine.url}/api/v1/merchants/${shop.merchantId}/webhook-endpoints`;
});

const options = () => ({ token: shop.operatorToken, key: 'auto' });

test('WH-06 an endpoint at an address that is not public is neither made nor changed to', async () => {
  const made = await send('POST', path, { ...options(), body: { url: 'https://93.184.215.14/hook' } });
  assert.equal(made.status, 201, made.text);
  const hosts = ['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '0.0.0.0', '10.1.2.3', '169.254.169.254'];
  const hosts6 = ['[::1]', '[::ffff:10.0.0.1]', '[fd00::1]', '[fe80::1]', '[64:ff9b::a00:1]'];
  for (const host of [...hosts, ...hosts6]) {
    const url = `https://${host}/hook`;
    const change = { token: shop.operatorToken, headers: { 'if-match': '*' }, body: { url } };
    for (const answer of [
      await send('POST', path, { ...options(), body: { url } }),
      await send('PATCH', `${path}/${made.json.id}`, change),
    ]) {
      assert.equal(answer.status, 400, `${host}: ${answer.text}`);
      assert.deepEqual(answer.json.errors, [{ pointer: '/url', detail: 'must have a public address' }]);
    }
  }
  const plain = await send('POST', path, { ...options(), body: { url: 'http://93.184.215.14/' } });
  assert.equal(plain.json.errors[0].detail, 'must begin with https://');
});

test('WH-06 an endpoint that has come to point at a private address gets nothing', async () => {
  const made = await send('POST', path, { ...options(), body: { url: 'https://93.184.215.14/hook' } });
  for (const url of [receiver.url, receiver.url.replace('127.0.0.1', 'localhost')]) {
    await database.query('UPDATE webhook_endpoints SET url = $2 WHERE id = $1', [made.json.id, url]);
    const tested = await send('POST', `${path}/${made.json.id}/test`, options());
    const failed = await database.until<{ last_error: string }>(
      `SELECT last_error FROM webhook_deliveries WHERE id = $1 AND status = 'failed'`,
      [tested.json.id],
    );
    assert.match(failed.last_error, /is not a public address\.$/);
  }
  assert.deepEqual(receiver.received, []);
});

test('private addresses cannot be allowed in production', async () => {
  const starting = stage.engine({
    DATABASE_URL: database.url,
    NODE_ENV: 'production',
    WEBHOOK_ALLOW_PRIVATE: 'true',
  });
  await assert.rejects(starting, /WEBHOOK_ALLOW_PRIVATE is for development and tests only/);
});
