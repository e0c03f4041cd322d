import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import type { Database } from '../ledger/database.ts';
import { openIncidents, resolveIncidents } from '../ledger/incidents.ts';
import { insertNotifications } from '../ledger/notifications.ts';
import type { HttpSender, SendResult } from '../webhooks/http-sender.ts';
import { createSendNotifications, type SendNotifications } from './send-notifications.ts';

const answered = (status: number, retryAfterMs: number | null = null): SendResult => ({
  ...{ result: 'answered', status, retryAfterMs },
  ...{ response: 'So be it.', durationMs: 3 },
});

interface Scene {
  readonly database: TestDatabase;
  readonly ledger: Database;
  /** Opens an incident, of which somebody is to be told; its id. */
  open(): Promise<string>;
  resolve(incidentId: string): Promise<void>;
  /** A process that sends by this; `leaseMs` is an hour unless told otherwise. */
  sends(send: HttpSender['send'], leaseMs?: number): SendNotifications;
  /** What became of an incident's notifications, the opening first. */
  states(incidentId: string): Promise<unknown[]>;
}

async function setUp(context: TestContext): Promise<Scene> {
  const stage = createStage(context);
  const database = await stage.database();
  const ledger = openLedger(database);
  stage.atEnd(() => ledger.close());
  return {
    database,
    ledger,
    async open() {
      const condition = { alert: 'stock-low', subject: randomUUID(), summary: 'Little is left.', details: {} } as const;
      const [id = ''] = await openIncidents(ledger, [condition], new Date());
      await insertNotifications(ledger, 'opened', [id]);
      return id;
    },
    async resolve(incidentId) {
      await resolveIncidents(ledger, [incidentId], new Date());
      await insertNotifications(ledger, 'resolved', [incidentId]);
    },
    sends: (send, leaseMs = 3_600_000) =>
      createSendNotifications({
        ...{ database: ledger, leaseMs, random: () => 0 },
        sender: { send, close: async () => undefined },
        target: { url: 'http://receiver.example/', format: 'json', secret: undefined },
        runbookUrl: (alert) => `http://engine.example/runbook/${alert}`,
        onFailed: () => undefined,
        onError: (_, error) => assert.fail(String(error)),
      }),
    states: (incidentId) =>
      database.query(
        `SELECT kind, status, attempts, last_error, round(extract(epoch FROM run_at - now()))::int AS seconds
         FROM notifications WHERE incident_id = $1 ORDER BY id`,
        [incidentId],
      ),
  };
}

async function sendAll(process: SendNotifications): Promise<void> {
  await process.take();
  await process.settled();
}

test('a slow owner whose lease is over changes nothing of what another has done', async (context: TestContext) => {
  const scene = await setUp(context);
  const id = await scene.open();
  const late = Promise.withResolvers<SendResult>();
  const slow = scene.sends(() => late.promise, 0);
  await slow.take();
  await sendAll(scene.sends(async () => answered(200)));
  late.resolve(answered(500));
  await slow.settled();
  const [state] = await scene.states(id);
  assert.deepEqual(state, { ...(state as object), status: 'delivered', attempts: 2, last_error: null });
  const attempts = await scene.database.query('SELECT number, status FROM duty_attempts');
  assert.deepEqual(attempts, [{ number: 2, status: 200 }]);
});

test('what is under way at one process is taken by no other, and a resolution not before its opening is told', async (context: TestContext) => {
  const scene = await setUp(context);
  const id = await scene.open();
  await scene.resolve(id);
  const told: string[] = [];
  const answer = Promise.withResolvers<SendResult>();
  const first = scene.sends(({ body }) => {
    told.push(JSON.parse(body).type);
    return answer.promise;
  });
  await first.take();
  const others = Array.from({ length: 4 }, () =>
    scene.sends(async ({ body }) => {
      told.push(JSON.parse(body).type);
      return answered(204);
    }),
  );
  await Promise.all(others.map(sendAll));
  assert.deepEqual(told, ['incident.opened']);
  answer.resolve(answered(204));
  await first.settled();
  await Promise.all(others.map(sendAll));
  assert.deepEqual(told, ['incident.opened', 'incident.resolved']);
});

for (const [what, result, seconds, error] of [
  ['a failure is tried again soon', answered(500), 2, 'The receiver answered 500.'],
  ['a redirect is not followed, and is a failure', answered(302), 2, 'The receiver answered 302.'],
  ['Retry-After is honoured', answered(429, 90_000), 90, 'The receiver answered 429.'],
  ['no answer is a failure', { result: 'failed', error: 'Refused.', durationMs: 1 }, 2, 'Refused.'],
] as const satisfies readonly (readonly [string, SendResult, number, string])[]) {
  test(what, async (context: TestContext) => {
    const scene = await setUp(context);
    const id = await scene.open();
    await sendAll(scene.sends(async () => result));
    assert.deepEqual(await scene.states(id), [
      { kind: 'opened', status: 'due', attempts: 1, last_error: error, seconds },
    ]);
  });
}

test('the body of a notification is the same at each try, also when its incident is over by then', async (context: TestContext) => {
  const scene = await setUp(context);
  const id = await scene.open();
  const bodies: string[] = [];
  const process = scene.sends(async ({ body }) => {
    bodies.push(body);
    return answered(bodies.length === 1 ? 500 : 200);
  });
  await sendAll(process);
  await scene.resolve(id);
  await scene.database.query('UPDATE notifications SET run_at = now()');
  await sendAll(process);
  assert.equal(bodies.length, 2);
  assert.equal(bodies[0], bodies[1]);
});
