import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import type { TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import { scaled } from '../../test/support/scale.ts';
import { createStage } from '../../test/support/stage.ts';
import type { Database } from '../ledger/database.ts';
import { bury, countDeadLetters, findDeadLetter, type LetterFilter, resolveLetter } from '../ledger/dead-letters.ts';
import { cancelRedrive, findRedrive, insertRedrive, type Redrive } from '../ledger/redrives.ts';
import { carryOnRedrive, discardLetter, redriveLetter, redriveScheduled } from './redrive-letters.ts';

const stage = createStage({ after });
let database: TestDatabase;
let ledger: Database;

beforeEach(async () => {
  database = await stage.database();
  const opened = openLedger(database, false);
  stage.atEnd(() => opened.close());
  ledger = opened;
});

interface Dead {
  readonly letterId: string;
  readonly dutyId: string;
  readonly endpointId: string;
}

/** Deliveries to a new endpoint that used up their tries. */
async function deadDeliveries(count: number): Promise<Dead[]> {
  const endpointId = await insertEndpoint();
  return Promise.all(Array.from({ length: count }, () => deadDelivery(endpointId)));
}

async function insertEndpoint(): Promise<string> {
  const [merchantId, endpointId] = [randomUUIDv7(), randomUUIDv7()];
  await database.query(`INSERT INTO merchants (id, name) VALUES ($1, 'Test shop')`, [merchantId]);
  await database.query(
    `INSERT INTO webhook_endpoints (id, merchant_id, url, secret, created_by)
     VALUES ($1, $2, 'https://example.com', 'whsec_', $1)`,
    [endpointId, merchantId],
  );
  return endpointId;
}

async function deadDelivery(endpointId: string): Promise<Dead> {
  const dutyId = randomUUIDv7();
  await database.query(
    `INSERT INTO webhook_deliveries (id, endpoint_id, event_type, status, run_at, attempts, tries, ended_at)
     VALUES ($1, $2, 'test', 'failed', now() - interval '1 hour', 7, 7, now())`,
    [dutyId, endpointId],
  );
  await buryDelivery({ dutyId, endpointId });
  const [row] = await database.query<{ id: string }>('SELECT id FROM dead_letters WHERE duty_id = $1', [dutyId]);
  return { letterId: row?.id ?? '', dutyId, endpointId };
}

const buryDelivery = ({ dutyId, endpointId }: Pick<Dead, 'dutyId' | 'endpointId'>) =>
  bury(ledger, { kind: 'webhook', dutyId, merchantId: null, orderId: null, endpointId, error: 'No.', attempts: 7 });

const failAgain = async (dead: Dead) => {
  await database.query(`UPDATE webhook_deliveries SET status = 'failed', ended_at = now() WHERE id = $1`, [
    dead.dutyId,
  ]);
  await buryDelivery(dead);
};

const letter = (dead: Pick<Dead, 'letterId'>) => findDeadLetter(ledger, dead.letterId);

const dutyOf = async ({ dutyId }: Dead) =>
  (await database.query('SELECT status, tries FROM webhook_deliveries WHERE id = $1', [dutyId]))[0];

const redriveOne = (dead: Dead) => ledger.transaction((transaction) => redriveLetter(transaction, dead.letterId));

async function begin(perSecond: number, filter: LetterFilter = {}): Promise<Redrive> {
  const made = await insertRedrive(ledger, { id: randomUUIDv7(), filter, perSecond, requestedBy: randomUUIDv7() });
  assert.ok(made, 'another redrive runs');
  return made;
}

/** What time does to a redrive: its rate has not been used for so long. */
const passTime = (redrive: Redrive, ms: number) =>
  database.query(`UPDATE redrives SET paced_at = paced_at - $2 * interval '1 millisecond' WHERE id = $1`, [
    redrive.id,
    ms,
  ]);

/** Carries a redrive on without waiting for its rate. */
async function carryOn(redrive: Redrive): Promise<void> {
  await passTime(redrive, 1_000);
  await carryOnRedrive(ledger);
}

test('WH-04 50 redrives of one letter at once: one takes effect, the others hear that it is redriving', async () => {
  const [dead] = await deadDeliveries(1);
  assert.ok(dead);
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => redriveOne(dead)));
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'done').length, 1);
  const others = outcomes.filter(({ outcome }) => outcome !== 'done');
  assert.deepEqual(others, Array(49).fill({ outcome: 'not-dead', status: 'redriving' }));
  assert.equal((await letter(dead))?.redrives, 1);
  assert.deepEqual(await dutyOf(dead), { status: 'due', tries: 0 });
});

test('WH-04 a redriven letter is resolved when its duty succeeds, and dead again when it fails', async () => {
  const [good, bad] = await deadDeliveries(2);
  assert.ok(good && bad);
  await redriveOne(good);
  await redriveOne(bad);
  await resolveLetter(ledger, good.dutyId);
  await failAgain(bad);
  const [resolved, dead] = [await letter(good), await letter(bad)];
  assert.deepEqual([resolved?.status, resolved?.endedAt === null], ['resolved', false]);
  assert.deepEqual([dead?.status, dead?.redrives, dead?.endedAt], ['dead', 1, null]);
  assert.deepEqual(await countDeadLetters(ledger), [{ kind: 'webhook', letters: 1 }]);
  assert.equal((await redriveOne(bad)).outcome, 'done');
  assert.deepEqual(await redriveOne(good), { outcome: 'not-dead', status: 'resolved' });
});

test('a discarded letter and its duty are tried no more', async () => {
  const [dead] = await deadDeliveries(1);
  assert.ok(dead);
  const discard = () => ledger.transaction((transaction) => discardLetter(transaction, dead.letterId));
  assert.equal((await discard()).outcome, 'done');
  assert.deepEqual(await discard(), { outcome: 'not-dead', status: 'discarded' });
  assert.deepEqual(await redriveOne(dead), { outcome: 'not-dead', status: 'discarded' });
  assert.deepEqual(await dutyOf(dead), { status: 'discarded', tries: 7 });
  await begin(1_000);
  await redriveScheduled(ledger, [1]);
  assert.equal((await letter(dead))?.status, 'discarded');
});

test('a letter whose endpoint was deleted is not redriven, and holds up no redrive', async () => {
  const [gone, also] = await deadDeliveries(2);
  assert.ok(gone && also);
  await database.query('UPDATE webhook_endpoints SET deleted_at = now()');
  assert.deepEqual(await redriveOne(gone), { outcome: 'not-revivable' });
  assert.equal((await letter(gone))?.status, 'dead');
  const redrive = await begin(100);
  await carryOn(redrive);
  const done = await findRedrive(ledger, redrive.id);
  assert.deepEqual([done?.status, done?.redriven, done?.left], ['done', 0, 0]);
  assert.deepEqual([(await letter(gone))?.status, (await letter(also))?.status], ['discarded', 'discarded']);
});

test('WH-04 a redrive of all takes the letters that match and died before it was made, each once', async () => {
  const meant = await deadDeliveries(30);
  const [other] = await deadDeliveries(1);
  assert.ok(meant[0] && other);
  const redrive = await begin(40, { endpointId: meant[0].endpointId });
  assert.deepEqual([redrive.matched, redrive.left], [30, 30]);
  const late = await deadDelivery(meant[0].endpointId);
  await carryOn(redrive);
  // It failed again while the redrive goes on.
  await failAgain(meant[0]);
  const half = await findRedrive(ledger, redrive.id);
  assert.deepEqual([half?.status, half?.redriven, half?.left], ['running', 10, 20]);
  for (let round = 0; round < 3; round += 1) await carryOn(redrive);
  const done = await findRedrive(ledger, redrive.id);
  assert.deepEqual([done?.status, done?.redriven, done?.left], ['done', 30, 0]);
  for (const dead of meant) assert.equal((await letter(dead))?.redrives, 1);
  for (const dead of [other, late]) assert.equal((await letter(dead))?.status, 'dead');
});

test('WH-04 one redrive of many runs at a time, however many begin at once', async () => {
  await deadDeliveries(1);
  const begun = await Promise.all(
    Array.from({ length: 20 }, () =>
      insertRedrive(ledger, { id: randomUUIDv7(), filter: {}, perSecond: 1, requestedBy: randomUUIDv7() }),
    ),
  );
  const [made, ...more] = begun.filter((each) => each !== undefined);
  assert.ok(made);
  assert.deepEqual(more, []);
  assert.equal((await cancelRedrive(ledger, made.id))?.status, 'cancelled');
  assert.equal(await cancelRedrive(ledger, made.id), undefined);
  await begin(1);
});

test('WH-04 a redrive that is cancelled leaves the rest dead', async () => {
  const all = await deadDeliveries(20);
  const redrive = await begin(20);
  await carryOn(redrive);
  const cancelled = await cancelRedrive(ledger, redrive.id);
  assert.deepEqual([cancelled?.status, cancelled?.redriven, cancelled?.left], ['cancelled', 5, 15]);
  await carryOn(redrive);
  const statuses = await Promise.all(all.map(async (dead) => (await letter(dead))?.status));
  assert.equal(statuses.filter((status) => status === 'dead').length, 15);
});

test("WH-04 a redrive keeps its rate by the database's clock, whoever carries it on and however often", async () => {
  const perSecond = scaled(40, 100);
  const count = perSecond * scaled(2, 5);
  await deadDeliveries(count);
  const redrive = await begin(perSecond);
  let status: string | undefined = 'running';
  while (status === 'running') {
    await Promise.all([carryOnRedrive(ledger), carryOnRedrive(ledger), carryOnRedrive(ledger)]);
    status = (await findRedrive(ledger, redrive.id))?.status;
  }
  // A delivery that is redriven is due from the moment of its redrive on.
  const [busiest] = await database.query<{ most: number; seconds: string }>(
    `SELECT max(within)::int AS most, extract(epoch FROM max(run_at) - (SELECT created_at FROM redrives)) AS seconds
     FROM (SELECT run_at, count(*) OVER (ORDER BY run_at RANGE BETWEEN CURRENT ROW AND '1 second' FOLLOWING) AS within
           FROM webhook_deliveries) AS redriven`,
  );
  assert.ok((busiest?.most ?? 0) <= perSecond * 1.25 + 1, `${busiest?.most} in a second instead of ${perSecond}`);
  const seconds = Number(busiest?.seconds);
  assert.ok(seconds >= count / perSecond - 0.25, `${count} took ${seconds} s`);
  assert.ok(seconds <= (count / perSecond) * 1.5, `${count} took ${seconds} s`);
});

test('a redrive that nobody has carried on for a while does not catch up all at once', async () => {
  await deadDeliveries(50);
  const redrive = await begin(40);
  await passTime(redrive, 3_600_000);
  await carryOnRedrive(ledger);
  await carryOnRedrive(ledger);
  const read = await findRedrive(ledger, redrive.id);
  assert.ok(read && read.redriven >= 10 && read.redriven <= 12, `${read?.redriven} at once`);
});

test('a refund is never redriven by itself: somebody may have given the money back in another way', async () => {
  const [dead] = await deadDeliveries(1);
  assert.ok(dead);
  await database.query(`UPDATE dead_letters SET kind = 'refund', died_at = now() - interval '1 day'`);
  await redriveScheduled(ledger, [1]);
  assert.equal((await letter(dead))?.status, 'dead');
});

test('WH-04 letters are redriven by themselves after each wait of the schedule, and then no more', async () => {
  const [dead] = await deadDeliveries(1);
  assert.ok(dead);
  const schedule = [60, 600];
  const died = (seconds: number) =>
    database.query(`UPDATE dead_letters SET died_at = clock_timestamp() - $1 * interval '1 second'`, [seconds]);
  const after = async (seconds: number) => {
    await died(seconds);
    await Promise.all([redriveScheduled(ledger, schedule), redriveScheduled(ledger, schedule)]);
    const read = await letter(dead);
    return [read?.status, read?.redrives, read?.automaticRedrives];
  };
  assert.deepEqual(await after(59), ['dead', 0, 0]);
  assert.deepEqual(await after(61), ['redriving', 1, 1]);
  await failAgain(dead);
  assert.deepEqual(await after(599), ['dead', 1, 1]);
  // What a person does is not counted against the schedule.
  await redriveOne(dead);
  await failAgain(dead);
  assert.deepEqual(await after(601), ['redriving', 3, 2]);
  await failAgain(dead);
  assert.deepEqual(await after(1_000_000), ['dead', 3, 2]);
});
