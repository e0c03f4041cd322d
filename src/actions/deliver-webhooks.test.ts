import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { TestDatabase } from '../../test/support/database.ts';
import { insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import {
  createReceiver,
  drip,
  flood,
  hang,
  inTurn,
  type ReceivedRequest,
  type Receiver,
  withStatus,
} from '../../test/support/receiver.ts';
import { createStage, type Stage } from '../../test/support/stage.ts';
import type { Database } from '../ledger/database.ts';
import { claimDeliveries, discardDeliveriesOf, endDelivery, insertDeliveries } from '../ledger/webhook-deliveries.ts';
import { createHttpSender } from '../webhooks/http-sender.ts';
import { makeWebhookSecret } from '../webhooks/sign-webhook.ts';
import { pauseWebhookEndpoint } from './change-webhook-endpoint.ts';
import { createDeliverWebhooks, type DeliverWebhooks, type DeliveryOutcome } from './deliver-webhooks.ts';
import { publishEvents } from './publish-events.ts';
import { redriveWebhookDelivery } from './redrive-webhook-delivery.ts';
import { sendTestEvent } from './send-test-event.ts';
import { writeOrders } from './write-orders.ts';

const SETTLE_MS = 5_000;
const LEASE_MS = 2_000;

interface Endpoint {
  readonly id: string;
  readonly secret: string;
  readonly receiver: Receiver;
}

interface Scene {
  readonly database: TestDatabase;
  readonly ledger: Database;
  readonly merchantId: string;
  endpoint(eventTypes?: readonly string[]): Promise<Endpoint>;
  /** Places so many orders and publishes what they did; their ids. */
  place(count: number): Promise<string[]>;
  /** One that looks again and again until the end of the test. */
  sender(options?: SenderOptions): Sender;
  /** The deliveries of an endpoint once all of them have this status. */
  all(endpointId: string, status: string): Promise<DeliveryRow[]>;
}

interface SenderOptions {
  readonly timeoutMs?: number;
  readonly retrySeconds?: readonly number[];
  readonly leaseMs?: number;
}

interface Sender {
  readonly deliverWebhooks: DeliverWebhooks;
  readonly outcomes: readonly DeliveryOutcome[];
  stop(): Promise<void>;
}

interface DeliveryRow {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly tries: number;
  readonly last_status: number | null;
  readonly last_error: string | null;
}

async function setUp(stage: Stage): Promise<Scene> {
  const database = await stage.database();
  const ledger = openLedger(database, false);
  const placing = openLedger(database);
  stage.atEnd(() => Promise.all([ledger.close(), placing.close()]));
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1_000_000 }]);
  const [sale] = await database.query<{ merchant_id: string }>('SELECT merchant_id FROM sales');
  const merchantId = sale?.merchant_id ?? '';

  return {
    database,
    ledger,
    merchantId,
    async endpoint(eventTypes) {
      const receiver = await createReceiver();
      stage.atEnd(receiver.close);
      const [id, secret] = [randomUUIDv7(), makeWebhookSecret()];
      await database.query(
        `INSERT INTO webhook_endpoints (id, merchant_id, url, event_types, secret, created_by)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [id, merchantId, `${receiver.url}/hook`, eventTypes ?? null, secret, randomUUID()],
      );
      return { id, secret, receiver };
    },
    async place(count) {
      const requests = Array.from({ length: count }, () => orderRequest(saleId, itemIds));
      const outcomes = await writeOrders(placing, requests, SETTLE_MS);
      assert.ok(outcomes.every(({ outcome }) => outcome === 'accepted'));
      while ((await publishEvents(ledger, 1_000, insertDeliveries)).published > 0);
      return requests.map(({ orderId }) => orderId);
    },
    sender({ timeoutMs = 5_000, retrySeconds = [0.05, 0.05, 0.05], leaseMs = LEASE_MS } = {}) {
      const sender = createHttpSender({ allowPrivate: true, timeoutMs });
      const outcomes: DeliveryOutcome[] = [];
      const errors: unknown[] = [];
      const deliverWebhooks = createDeliverWebhooks({
        database: ledger,
        sender,
        describeOrder: ({ id, status, version }) => ({ id, status, version }),
        leaseMs,
        retrySeconds,
        random: () => 0,
        observe: (outcome) => outcomes.push(outcome),
        onRoom: () => undefined,
        onDisabled: () => undefined,
        onFailed: () => undefined,
        onError: (_delivery, error) => errors.push(error),
      });
      const looking = new AbortController();
      const looks = look(deliverWebhooks, looking.signal);
      async function stop(): Promise<void> {
        looking.abort();
        await looks;
        await deliverWebhooks.stop();
        await sender.close();
        assert.deepEqual(errors, []);
      }
      stage.atEnd(stop);
      return { deliverWebhooks, outcomes, stop };
    },
    async all(endpointId, status) {
      await database.until(
        `SELECT WHERE EXISTS (SELECT FROM webhook_deliveries WHERE endpoint_id = $1)
           AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE endpoint_id = $1 AND status <> $2)`,
        [endpointId, status],
      );
      return database.query<DeliveryRow>('SELECT * FROM webhook_deliveries WHERE endpoint_id = $1 ORDER BY id', [
        endpointId,
      ]);
    },
  };
}

async function look(deliverWebhooks: DeliverWebhooks, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const { more } = await deliverWebhooks.take();
    if (!more) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const idOf = ({ headers }: ReceivedRequest) => headers['webhook-id'] ?? '';
const json = ({ body }: ReceivedRequest) => JSON.parse(body);
const evt = (orderId: string, version: number) => `evt_${orderId.replaceAll('-', '')}_${version}`;

/** A test event to an endpoint of its own has arrived: so everything that was due before it has been looked at. */
async function sendAndReceive(scene: Scene): Promise<void> {
  const { id, receiver } = await scene.endpoint(['payment.late']);
  const delivery = await sendTestEvent(scene.ledger, id);
  await receiver.until(1);
  assert.equal(idOf(receiver.received[0] as ReceivedRequest), `evt_test_${delivery.id.replaceAll('-', '')}`);
  await scene.all(id, 'delivered');
}

test('WH-01 each event goes once to each endpoint that wants its type, and is verified by its secret', async (t) => {
  const scene = await setUp(createStage(t));
  const [all, placed, cancelled] = [
    await scene.endpoint(),
    await scene.endpoint(['order.placed']),
    await scene.endpoint(['order.cancelled']),
  ];
  scene.sender();
  const orderIds = await scene.place(30);
  await Promise.all([all, placed].map(({ id }) => scene.all(id, 'delivered')));
  for (const { receiver, secret } of [all, placed]) {
    assert.deepEqual(receiver.received.map(idOf).sort(), orderIds.map((id) => evt(id, 1)).sort());
    for (const request of receiver.received) new Webhook(secret).verify(request.body, request.headers);
  }
  assert.deepEqual(cancelled.receiver.received, []);
  const { type, timestamp, data } = json(all.receiver.received[0] as ReceivedRequest);
  assert.equal(type, 'order.placed');
  assert.ok(Date.parse(timestamp) <= Date.now());
  assert.deepEqual([data.version, data.order.version, data.test], [1, 1, false]);
});

test('WH-01 three senders at once send nothing twice', async (t) => {
  const scene = await setUp(createStage(t));
  const endpoints = [await scene.endpoint(), await scene.endpoint()];
  const senders = [
    scene.sender({ leaseMs: 60_000 }),
    scene.sender({ leaseMs: 60_000 }),
    scene.sender({ leaseMs: 60_000 }),
  ];
  const orderIds = await scene.place(100);
  for (const { id, receiver } of endpoints) {
    await scene.all(id, 'delivered');
    assert.deepEqual(receiver.received.map(idOf).sort(), orderIds.map((orderId) => evt(orderId, 1)).sort());
    assert.ok(receiver.atOnceMax() <= 30, 'ten at once for each sender');
  }
  assert.ok(senders.filter(({ outcomes }) => outcomes.length > 0).length > 1, 'more than one had a part in it');
});

test('WH-02 WH-03 500, 500, 200: three tries at the delays, one id, fresh timestamps, each kept', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, secret, receiver } = await scene.endpoint();
  receiver.answer(inTurn(withStatus(500), withStatus(500), withStatus(200)));
  const { outcomes } = scene.sender({ retrySeconds: [1, 0.4] });
  const [orderId = ''] = await scene.place(1);
  const [delivery] = await scene.all(id, 'delivered');
  const tries = receiver.received;
  assert.deepEqual(new Set(tries.map(idOf)), new Set([evt(orderId, 1)]));
  for (const request of tries) new Webhook(secret).verify(request.body, request.headers);
  assert.deepEqual(new Set(tries.map(({ body }) => body)).size, 1, 'the body is the same');
  const [first = 0, second = 0, third = 0] = tries.map(({ atMs }) => atMs);
  assert.ok(second - first >= 1_000 && second - first < 2_500, `${second - first} ms`);
  assert.ok(third - second >= 400 && third - second < 1_900, `${third - second} ms`);
  const stamps = tries.map(({ headers }) => Number(headers['webhook-timestamp']));
  assert.ok((stamps[2] ?? 0) > (stamps[0] ?? 0), 'signed anew');
  assert.deepEqual(outcomes, ['retried', 'retried', 'delivered']);
  assert.deepEqual([delivery?.attempts, delivery?.tries, delivery?.last_status], [3, 3, 200]);
  const attempts = await scene.database.query('SELECT number, status, error FROM duty_attempts ORDER BY number');
  assert.deepEqual(attempts, [
    { number: 1, status: 500, error: 'The receiver answered 500.' },
    { number: 2, status: 500, error: 'The receiver answered 500.' },
    { number: 3, status: 200, error: null },
  ]);
});

test('WH-03 Retry-After makes the next try later', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, receiver } = await scene.endpoint();
  receiver.answer(inTurn(withStatus(429, { 'Retry-After': '1' }), withStatus(204)));
  scene.sender();
  await scene.place(1);
  await scene.all(id, 'delivered');
  const [first = 0, second = 0] = receiver.received.map(({ atMs }) => atMs);
  assert.ok(second - first >= 1_000, `${second - first} ms`);
});

test('WH-03 WH-04 out of tries it is a dead letter; redriven it goes out under the same id and the letter is resolved', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, receiver } = await scene.endpoint();
  receiver.answer(withStatus(302, { Location: `${receiver.url}/elsewhere` }));
  const { outcomes } = scene.sender({ retrySeconds: [0.01] });
  const [orderId] = await scene.place(1);
  const [failed] = await scene.all(id, 'failed');
  assert.deepEqual(outcomes, ['retried', 'failed']);
  assert.deepEqual([failed?.attempts, failed?.last_status], [2, 302]);
  assert.ok(
    receiver.received.every(({ path }) => path === '/hook'),
    'a redirect is not followed',
  );
  const letters = () =>
    scene.database.query(
      'SELECT kind, duty_id, merchant_id, order_id, endpoint_id, status, error, attempts FROM dead_letters',
    );
  const letter = {
    kind: 'webhook',
    duty_id: failed?.id,
    merchant_id: scene.merchantId,
    order_id: orderId,
    endpoint_id: id,
    status: 'dead',
    error: 'The receiver answered 302.',
    attempts: 2,
  };
  assert.deepEqual(await letters(), [letter]);

  const redrive = () =>
    scene.ledger.transaction((transaction) => redriveWebhookDelivery(transaction, id, failed?.id ?? ''));
  assert.equal((await redrive())?.status, 'due');
  await scene.all(id, 'failed');
  assert.deepEqual(await letters(), [{ ...letter, attempts: 4 }], 'dead again, with all its tries');

  receiver.answer(withStatus(200));
  await redrive();
  await scene.all(id, 'delivered');
  assert.deepEqual(await letters(), [{ ...letter, status: 'resolved', attempts: 4 }]);
  assert.equal(receiver.received.length, 5);
  assert.equal(new Set(receiver.received.map(idOf)).size, 1);
});

test('WH-03 410 disables the endpoint: nothing more is sent, and what was kept goes out when it is resumed', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, receiver } = await scene.endpoint();
  receiver.answer(withStatus(410));
  const { outcomes } = scene.sender();
  await scene.place(1);
  await scene.database.until('SELECT id FROM webhook_endpoints WHERE id = $1 AND disabled_at IS NOT NULL', [id]);
  await scene.place(5);
  await sendAndReceive(scene);
  assert.equal(receiver.received.length, 1, 'nothing after the 410');
  assert.deepEqual(outcomes.slice(0, 1), ['disabled']);

  receiver.answer(withStatus(200));
  const place = { merchantId: scene.merchantId, endpointId: id };
  const resumed = await scene.ledger.transaction((transaction) => pauseWebhookEndpoint(transaction, place, false));
  assert.equal(resumed?.disabledAt, null);
  assert.equal((await scene.all(id, 'delivered')).length, 6);
});

test('a paused endpoint gets its events when it is resumed', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, receiver } = await scene.endpoint();
  const pause = (paused: boolean) =>
    scene.ledger.transaction((transaction) =>
      pauseWebhookEndpoint(transaction, { merchantId: scene.merchantId, endpointId: id }, paused),
    );
  await pause(true);
  scene.sender();
  await scene.place(5);
  await sendAndReceive(scene);
  assert.deepEqual(receiver.received, []);
  await pause(false);
  assert.equal((await scene.all(id, 'delivered')).length, 5);
});

test('WH-03 receivers that hang, answer without an end, or drip hold up nobody and are not flooded', async (t) => {
  const scene = await setUp(createStage(t));
  const bad = [await scene.endpoint(), await scene.endpoint(), await scene.endpoint()] as const;
  const good = await scene.endpoint();
  bad[0].receiver.answer(hang);
  bad[1].receiver.answer(drip('headers', 20));
  bad[2].receiver.answer(flood(100 * 1_024 * 1_024));
  scene.sender({ timeoutMs: 4_000, leaseMs: 10_000, retrySeconds: [60] });
  const startedAt = performance.now();
  await scene.place(100);
  await scene.all(good.id, 'delivered');
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 4_000, `the good one had all after ${Math.round(tookMs)} ms`);
  for (const { receiver } of bad) assert.ok(receiver.atOnceMax() <= 10);
  await bad[0].receiver.until(11);
  assert.ok(bad[0].receiver.received.length <= 12, 'one at a time after the first time-out');
  assert.equal((await scene.all(bad[2].id, 'delivered')).length, 100, 'its 200 counts');
});

test('WH-05 the versions of an order arrive in turn while nothing fails, and a failure holds up nothing', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, receiver } = await scene.endpoint();
  const [orderId = ''] = await scene.place(1);
  await scene.database.query(
    `INSERT INTO order_events (order_id, version, type, status, occurred_at)
     SELECT $1, version, 'order.refunded', 'confirmed', now() FROM generate_series(2, 8) AS version`,
    [orderId],
  );
  while ((await publishEvents(scene.ledger, 1_000, insertDeliveries)).published > 0);
  receiver.answer((request, response) => {
    const failing =
      json(request).data.version === 3 &&
      receiver.received.map(idOf).filter((each) => each === idOf(request)).length === 1;
    response.writeHead(failing ? 500 : 200).end();
  });
  scene.sender({ retrySeconds: [2] });
  await scene.all(id, 'delivered');
  assert.deepEqual(
    receiver.received.map((request) => json(request).data.version),
    [1, 2, 3, 4, 5, 6, 7, 8, 3],
  );
});

test('WH-01 whoever dies leaves a delivery to the next, and has no say about it any more', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, receiver } = await scene.endpoint();
  await scene.place(1);
  const room = { total: 10, perEndpoint: 10, exceptions: new Map() };
  const [dead] = await claimDeliveries(scene.ledger, room, 300);
  assert.ok(dead);
  assert.deepEqual(await claimDeliveries(scene.ledger, room, 300), [], 'leased');
  scene.sender();
  const [delivery] = await scene.all(id, 'delivered');
  assert.deepEqual([delivery?.attempts, delivery?.tries, receiver.received.length], [2, 1, 1]);
  assert.equal(await endDelivery(scene.ledger, dead, 'failed', { status: null, error: 'late' }), false);
  await scene.all(id, 'delivered');
});

test('a stop cuts off what takes long, which is due again at once and has lost no try', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, receiver } = await scene.endpoint();
  receiver.answer(hang);
  const first = scene.sender({ timeoutMs: 30_000, leaseMs: 60_000 });
  await scene.place(3);
  await receiver.until(3);
  const startedAt = performance.now();
  await first.stop();
  assert.ok(performance.now() - startedAt < 2_500);
  receiver.answer(withStatus(200));
  scene.sender({ leaseMs: 60_000 });
  for (const { attempts, tries } of await scene.all(id, 'delivered')) assert.deepEqual([attempts, tries], [2, 1]);
});

test('what waits for an endpoint that is deleted is discarded, and what is under way changes nothing', async (t) => {
  const scene = await setUp(createStage(t));
  const { id, receiver } = await scene.endpoint();
  let answer: () => void = () => undefined;
  receiver.answer((_request, response) => {
    answer = () => response.writeHead(500).end();
  });
  const { stop } = scene.sender();
  await scene.place(1);
  await receiver.until(1);
  await scene.ledger.transaction((transaction) => discardDeliveriesOf(transaction, id));
  answer();
  await stop();
  const [delivery] = await scene.all(id, 'discarded');
  assert.equal(delivery?.tries, 0);
});
