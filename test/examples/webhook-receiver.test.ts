import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { makeWebhookSecret, signWebhook } from '../../src/webhooks/sign-webhook.ts';
import { type RunningExample, startExample } from '../support/example.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-receiver-'));
  stage.atEnd(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'receiver.sqlite');
}

function readFrom(file: string, text: string): unknown[] {
  const database = new DatabaseSync(file);
  const rows = database.prepare(text).all();
  database.close();
  return rows.map((row) => ({ ...row }));
}

test('the receiver: the engine makes itself heard by it, step by step, and each is kept', async () => {
  const database = await stage.database();
  const engine = await stage.engine({ DATABASE_URL: database.url, WEBHOOK_ALLOW_PRIVATE: 'true' });
  const file = await newFile();
  const example = startExample('webhook-receiver', { DOORBUSTER_URL: engine.url, PORT: '0', RECEIVER_FILE: file });
  assert.equal(await example.ended, 0, example.output());

  const told = [...example.output().matchAll(/^Order (\S+) is ([\w ]+) \(version (\d+)\)/gm)];
  const versions = told.map(([, , , version]) => Number(version));
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  );
  assert.equal(told.find(([, , status]) => status === 'cancelled')?.[3], '4', example.output());
  const [order] = await database.query<{ id: string; status: string }>('SELECT id, status FROM orders');
  assert.ok(told.every(([, id]) => id === order?.id));
  assert.equal(order?.status, 'cancelled');
  const [kept] = readFrom(file, 'SELECT id, status FROM orders');
  assert.deepEqual(kept, order);
  await database.until(`SELECT 1 FROM webhook_deliveries WHERE status = 'delivered' HAVING count(*) >= 4`);
});

const secret = makeWebhookSecret();

async function startReceiver(file: string): Promise<{ example: RunningExample; url: string }> {
  const example = startExample('webhook-receiver', { WEBHOOK_SECRET: secret, RECEIVER_FILE: file, PORT: '0' });
  stage.atEnd(() => example.kill());
  const [, url = ''] = await example.until(/Receiving webhooks at (http:\S+)\./);
  return { example, url };
}

function event(orderId: string, version: number, status: string) {
  const order = { id: orderId, version, status };
  return { id: `evt_${orderId}_${version}`, body: JSON.stringify({ type: 'order.x', data: { order, version } }) };
}

/** As the engine sends it; the status of the answer. */
async function deliver(url: string, { id, body }: { id: string; body: string }, signedBy = secret): Promise<number> {
  const headers = signWebhook({ id, timestamp: new Date(), body, secrets: [signedBy] });
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

test('the receiver: repeats change nothing, and what was overtaken does not turn an order back', async () => {
  const file = await newFile();
  const { example, url } = await startReceiver(file);
  const orderId = randomUUID();
  const paid = event(orderId, 3, 'confirmed');
  const statuses = await Promise.all(Array.from({ length: 10 }, () => deliver(url, paid)));
  assert.deepEqual(new Set(statuses), new Set([204]));
  assert.equal(await deliver(url, event(orderId, 2, 'payment_processing')), 204);
  assert.equal(await deliver(url, event(orderId, 4, 'cancelled'), makeWebhookSecret()), 400);
  assert.equal(await deliver(url, event(orderId, 5, 'completed')), 204);
  await example.until(/is completed/);
  // It does one thing after the other: this answer comes when that work is over.
  assert.equal(await deliver(url, paid), 204);

  const lines = example.output().match(/^Order .*$/gm);
  assert.deepEqual(lines, [`Order ${orderId} is confirmed (version 3).`, `Order ${orderId} is completed (version 5).`]);
  assert.match(example.output(), /Refused: No signature/);
  assert.deepEqual(readFrom(file, 'SELECT count(*) AS taken, min(done) AS done FROM inbox'), [{ taken: 3, done: 1 }]);
});

test('the receiver: what it had taken when it was killed it does at the next start, once', async () => {
  const file = await newFile();
  const first = await startReceiver(file);
  const orderId = randomUUID();
  assert.equal(await deliver(first.url, event(orderId, 1, 'pending_payment')), 204);
  await first.example.until(/version 1/);
  await first.example.kill();

  // As it is when the process dies between its answer and its work.
  const next = event(orderId, 2, 'cancelled');
  const database = new DatabaseSync(file);
  database.prepare('INSERT INTO inbox (webhook_id, body) VALUES (?, ?)').run(next.id, next.body);
  database.close();
  const second = await startReceiver(file);
  await second.example.until(/is cancelled \(version 2\)/);
  assert.equal(await deliver(second.url, next), 204);
  await second.example.kill();

  const third = await startReceiver(file);
  assert.doesNotMatch(third.example.output(), /version/);
  assert.equal(second.example.output().match(/version 2/g)?.length, 1);
});
