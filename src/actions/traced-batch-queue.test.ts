import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OtlpReceiver, startOtlpReceiver } from '../../test/support/otlp-receiver.ts';
import { createStage } from '../../test/support/stage.ts';
import { createOtlpTracing } from '../operations/otlp-tracing.ts';
import { TRACING_OFF, type Tracing } from '../operations/tracing.ts';
import { createTracedBatchQueue } from './traced-batch-queue.ts';

interface Request {
  readonly orderId: string;
  readonly traceParent: string | null;
}

interface Outcome {
  readonly outcome: string;
  readonly error?: unknown;
}

async function startTracing(
  context: Parameters<typeof createStage>[0],
): Promise<{ tracing: Tracing; collector: OtlpReceiver }> {
  const collector = await startOtlpReceiver();
  createStage(context).atEnd(collector.close);
  const tracing = createOtlpTracing({
    endpoint: collector.url,
    headers: {},
    ratio: 1,
    serviceName: 'test',
    version: '0',
    flushMs: 2_000,
    onUndelivered: () => undefined,
  });
  return { tracing, collector };
}

function queueOf(
  tracing: Tracing,
  run: (requests: readonly Request[]) => Promise<readonly Outcome[]>,
  waitingMax = 10,
) {
  const attributes = { 'db.system.name': 'postgresql' };
  const rest = { batchSizeMax: 10, waitingMax, deadlineMs: 60_000, concurrency: 1 };
  return createTracedBatchQueue<Request, Outcome>({ tracing, name: 'commit', attributes, run, ...rest });
}

const done = async (requests: readonly Request[]) => requests.map(({ orderId }) => ({ outcome: orderId }));

const requestsOf = (traceParents: readonly (string | null)[]) =>
  traceParents.map((traceParent, index) => ({ orderId: `${index}`, traceParent }));

test('a batch stands in the trace of its first sampled request and is linked to all; every request gets its own outcome', async (context) => {
  const { tracing, collector } = await startTracing(context);
  const [first, second] = [0, 1].map(() => tracing.startTrace({}, 'POST'));
  const queue = queueOf(tracing, done);
  const requests = requestsOf([null, first?.traceParent ?? null, null, second?.traceParent ?? null]);
  const outcomes = await Promise.all(requests.map(queue.submit));
  assert.deepEqual(
    outcomes,
    requests.map(({ orderId }) => ({ outcome: orderId })),
  );
  await tracing.close();

  const [commit, ...others] = collector.spans.filter(({ name }) => name === 'commit');
  assert.ok(commit !== undefined && others.length === 0);
  assert.deepEqual(commit.attributes, { 'db.system.name': 'postgresql', 'db.operation.batch.size': 4 });
  const links = commit.links.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`);
  assert.deepEqual(links, [first?.traceParent, second?.traceParent]);
  assert.equal(`00-${commit.traceId}-${commit.parentSpanId}-01`, first?.traceParent);
  assert.equal(collector.spans.filter(({ name }) => name === 'wait for batch').length, 2);
});

test('a batch without a sampled request makes no span, and neither does any where tracing is off', async (context) => {
  const { tracing, collector } = await startTracing(context);
  const queue = queueOf(tracing, done);
  await Promise.all(requestsOf([null, null]).map(queue.submit));
  await Promise.all(
    requestsOf([null, `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`]).map(queueOf(TRACING_OFF, done).submit),
  );
  await tracing.close();
  assert.deepEqual(collector.spans, []);
});

test('a batch that fails is shown as failed, by its outcomes or by what it threw', async (context) => {
  const { tracing, collector } = await startTracing(context);
  const { traceParent } = tracing.startTrace({}, 'POST');
  const error = Object.assign(new Error('no connection'), { code: 'ECONNREFUSED' });
  await queueOf(tracing, async () => [{ outcome: 'unavailable', error }]).submit({ orderId: '0', traceParent });
  const broken = queueOf(tracing, () => Promise.reject(error));
  await assert.rejects(broken.submit({ orderId: '1', traceParent }), error);
  await tracing.close();
  const commits = collector.spans.filter(({ name }) => name === 'commit');
  assert.deepEqual(
    commits.map(({ status, attributes }) => [status, attributes['error.type']]),
    [
      [2, 'ECONNREFUSED'],
      [2, 'ECONNREFUSED'],
    ],
  );
});

test('a request that no batch took has waited, and nothing more', async (context) => {
  const { tracing, collector } = await startTracing(context);
  const { traceParent } = tracing.startTrace({}, 'POST');
  const outcome = await queueOf(tracing, done, 0).submit({ orderId: '0', traceParent });
  assert.equal(outcome.outcome, 'overloaded');
  await tracing.close();
  assert.deepEqual(
    collector.spans.map(({ name }) => name),
    ['wait for batch'],
  );
});
