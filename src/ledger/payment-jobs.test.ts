import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { after, test } from 'node:test';
import { insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import { writeOrders } from '../actions/write-orders.ts';
import { type ClaimedJob, changeRefundOf, claimJobs, failJob, finishJob, postponeJob } from './payment-jobs.ts';

const stage = createStage({ after });
const database = await stage.database();
const ledger = openLedger(database);
stage.atEnd(() => ledger.close());

/** A job that is due now, of a payment of a new order. */
async function makeJob(): Promise<string> {
  const { saleId, itemIds } = await insertSale(database);
  const order = orderRequest(saleId, itemIds);
  await writeOrders(ledger, [order], 5_000);
  const paymentId = randomUUIDv7();
  await database.query(
    `INSERT INTO payments (id, order_id, provider, status, capture, currency, amount_minor, captured_minor, created_at)
     VALUES ($1, $2, 'sandbox', 'processing', 'automatic', 'EUR', 1500, 0, now())`,
    [paymentId, order.orderId],
  );
  const jobId = randomUUIDv7();
  await database.query(
    `INSERT INTO payment_jobs (id, kind, order_id, payment_id, status, run_at, created_at)
     VALUES ($1, 'settle', $2, $3, 'due', now(), now())`,
    [jobId, order.orderId, paymentId],
  );
  return jobId;
}

async function claimOne(jobId: string, leaseMs: number): Promise<ClaimedJob | undefined> {
  const jobs = await claimJobs(ledger, 'ask', 100, leaseMs);
  return jobs.find(({ id }) => id === jobId);
}

const readJob = (jobId: string) => database.query('SELECT * FROM payment_jobs WHERE id = $1', [jobId]);

test('PAY-04 whoever has lost the lease of a payment job has no say about it any more', async () => {
  const jobId = await makeJob();
  const slow = await claimOne(jobId, 0);
  assert.ok(slow !== undefined);
  const owner = await claimOne(jobId, 60_000);
  assert.ok(owner !== undefined && owner.token > slow.token);
  const owned = await readJob(jobId);

  await finishJob(ledger, slow);
  await postponeJob(ledger, slow, 0, 'late');
  await changeRefundOf(ledger, slow, randomUUID());
  assert.equal(await ledger.transaction((transaction) => failJob(transaction, slow, 'late')), false);
  assert.deepEqual(await readJob(jobId), owned);
  assert.equal(await claimOne(jobId, 60_000), undefined, 'it is leased still');

  await finishJob(ledger, owner);
  assert.deepEqual(
    (await readJob(jobId)).map(({ status }) => status),
    ['done'],
  );
  assert.deepEqual(await database.query('SELECT FROM dead_letters'), []);
});

test('of many workers at once one gets a job', async () => {
  const jobId = await makeJob();
  const claims = await Promise.all(Array.from({ length: 20 }, () => claimOne(jobId, 60_000)));
  assert.equal(claims.filter((job) => job !== undefined).length, 1);
});
