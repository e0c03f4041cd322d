import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertLedgerSound } from '../support/ledger.ts';
import { scaled } from '../support/scale.ts';
import { createStage } from '../support/stage.ts';
import type { ReadyOrder } from '../support/step-cases.ts';
import { readAccessTable } from './access-table.ts';
import { type ApiDocument, readApiDocument } from './api-document.ts';
import { ask } from './ask.ts';
import { createAssertConforms } from './conformance.ts';
import { type DrawnRequest, type Pool, requestsOf } from './drawn-requests.ts';
import { createWorld, WORLD_SETTINGS, type World } from './world.ts';

// Requests drawn from what the engine documents of itself: good ones, and such as are a little or wholly wrong, several at
// a time. Every answer must be one that the document promises. The seed is printed, and with its path in a failure: give
// both to fc.assert to draw the same again (the ids of what exists are others).

/** Requests that are under way together. */
const TOGETHER = 6;
const ROUNDS = 700;
/** Each in a world of its own: what is deleted, erased or closed in one is there again in the next. */
const WORLDS = scaled(1, 15);

/** How often each operation answered with each class of status, over all worlds. */
const answered = new Map<string, Map<string, number>>();

function count(name: string, status: number): void {
  const classes = answered.get(name) ?? new Map<string, number>();
  const its = `${Math.floor(status / 100)}xx`;
  answered.set(name, classes.set(its, (classes.get(its) ?? 0) + 1));
}

/** What there is to ask about in a new world: orders at every point of their lives. */
async function makePool({ ours }: World): Promise<Pool> {
  const orders: ReadyOrder[] = [];
  for (const [status, fulfillment] of POINTS) orders.push(await ours.orderIn(status, fulfillment));
  return {
    orderId: orders.map(({ id }) => id),
    saleId: orders.map(({ sale }) => sale.id),
    itemId: orders.map(({ itemId }) => itemId),
  };
}

const POINTS = [
  ['pending_payment', 'direct'],
  ['pending_payment', 'kitchen'],
  ['confirmed', 'direct'],
  ['pending_acceptance', 'kitchen'],
  ['preparing', 'kitchen'],
  ['in_transit', 'kitchen'],
  ['expired', 'direct'],
] as const;

/** Sends a request and demands of the answer what the document says of its operation. */
function createJudge(url: string, document: ApiDocument): (request: DrawnRequest) => Promise<void> {
  const assertConforms = createAssertConforms(document);
  const operations = new Map(document.operations.map((operation) => [operation.name, operation]));
  return async (request) => {
    const answer = await ask(request.method, url + request.path, request.options);
    count(request.name, answer.status);
    const operation = operations.get(request.name);
    assert.ok(operation !== undefined);
    assertConforms(operation, answer);
  };
}

const FIRST_SEED = Date.now() & 0x7fff_ffff;

for (let seed = FIRST_SEED; seed < FIRST_SEED + WORLDS; seed += 1) {
  test(`SEC-05 PD-01 whatever is sent, every answer is one that the OpenAPI document promises, and never a 5xx (seed ${seed})`, async (t) => {
    const stage = createStage(t);
    const database = await stage.database();
    stage.atEnd(() => assertLedgerSound(database));
    const { url } = await stage.engines({ ...WORLD_SETTINGS, DATABASE_URL: database.url });
    const document = await readApiDocument(url);
    const world = await createWorld(url, database);
    const pool = await makePool(world);
    const access = await readAccessTable();
    const drawn = document.operations.map((operation) =>
      requestsOf(operation, world, pool, access.get(operation.name) ?? []),
    );
    const judge = createJudge(url, document);
    const together = fc.array(fc.oneof(...drawn), { minLength: 1, maxLength: TOGETHER });
    const property = fc.asyncProperty(together, async (requests) => void (await Promise.all(requests.map(judge))));
    const startedAt = performance.now();
    await fc.assert(property, { seed, numRuns: ROUNDS });
    t.diagnostic(`${ROUNDS} rounds in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
    assert.equal((await ask('GET', `${url}/health/ready`)).status, 200);
  });
}

test('the drawn requests are many, and got past the checks of most operations', (t) => {
  const requests = [...answered.values()].flatMap((each) => [...each.values()]).reduce((sum, each) => sum + each, 0);
  const unreached = [...answered].filter(([, classes]) => !classes.has('2xx')).map(([name]) => name);
  t.diagnostic(`${requests} requests; operations that never succeeded: ${unreached.join('; ') || 'none'}`);
  assert.ok(requests > 2 * ROUNDS * WORLDS);
  assert.ok(unreached.length < answered.size / 2);
});
