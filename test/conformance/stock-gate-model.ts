import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RedisAwayError } from '../../src/gate/circuit-breaker.ts';
import type { Attempt, LedgerStock } from '../../src/gate/stock-gate.ts';
import type { GateCase, GateRedis, OpenCase } from '../support/stock-gate.ts';

const ITEMS = ['a', 'b', 'c'] as const;
const CUSTOMERS = ['one', 'two'] as const;
/** As many attempts as a run has at most. Attempts with the same number by 4 have the same key. */
const ATTEMPTS = 8;
const KEYS = 4;

type Step =
  | { readonly does: 'admit'; readonly by: number; readonly attempts: readonly number[]; readonly lost: boolean }
  | {
      readonly does: 'settle';
      readonly by: number;
      readonly attempt: number;
      readonly placed: boolean;
      readonly lost: boolean;
    }
  /** The ledger commits a change, and tells of it unless it cannot. */
  | {
      readonly does: 'commit';
      readonly by: number;
      readonly item: number;
      readonly available: number;
      readonly told: boolean;
    }
  /** A message about an older commit comes late. */
  | { readonly does: 'tell late'; readonly by: number; readonly item: number; readonly back: number }
  | { readonly does: 'reconcile'; readonly by: number; readonly leaked: boolean; readonly lost: boolean }
  | { readonly does: 'flush' };

const by = fc.nat(1);
const lost = fc.boolean();
const item = fc.nat(ITEMS.length - 1);
const attempt = fc.nat(ATTEMPTS - 1);
const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        does: fc.constant('admit' as const),
        by,
        attempts: fc.array(attempt, { minLength: 1, maxLength: 4 }),
        lost,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ does: fc.constant('settle' as const), by, attempt, placed: fc.boolean(), lost }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        does: fc.constant('commit' as const),
        by,
        item,
        available: fc.nat(6),
        told: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('tell late' as const), by, item, back: fc.nat(3) }) },
    {
      weight: 2,
      arbitrary: fc.record({ does: fc.constant('reconcile' as const), by, leaked: fc.boolean(), lost }),
    },
    { weight: 1, arbitrary: fc.constant({ does: 'flush' as const }) },
  ),
  { minLength: 5, maxLength: 40 },
);

/** Lines and limits that make a few attempts meet in every way. */
const LINES: readonly (readonly [item: number, quantity: number][])[] = [
  [[0, 1]],
  [[0, 2]],
  [
    [0, 1],
    [1, 1],
  ],
  [[1, 3]],
  [
    [1, 1],
    [2, 1],
  ],
  [[2, 2]],
  [
    [2, 1],
    [0, 3],
  ],
  [[0, 1]],
];
const LIMITS: readonly (number | null)[] = [null, 3, 2];

interface Pair {
  readonly available: number;
  readonly version: number;
  readonly limit: number | null;
}

/** What Redis has, in the words of the contract. */
interface Model {
  pairs: Map<string, Pair>;
  open: Map<string, Attempt>;
  kept: Map<string, string>;
  units: Map<string, number>;
}

const emptyModel = (): Model => ({ pairs: new Map(), open: new Map(), kept: new Map(), units: new Map() });

const keyOf = ({ placedBy, idempotencyKey }: Attempt) => `${placedBy}/${idempotencyKey}`;

/** Declares the test of random sequences against a small model, by two processes, with lost replies and flushes. */
export function testStockGateModel(redis: GateRedis, open: OpenCase, runs: number): void {
  test('any sequence of calls, also with lost replies and flushes, is what a small model says; at rest gate and ledger agree', async () => {
    await fc.assert(
      fc.asyncProperty(STEPS, (steps) => follow(redis, open(), steps)),
      { numRuns: runs },
    );
  });
}

async function follow(redis: GateRedis, opened: GateCase, steps: readonly Step[]): Promise<void> {
  const attempts = attemptsOf(opened.saleId);
  const model = emptyModel();
  const history = new Map(ITEMS.map((id, index) => [id as string, [stockOf(opened.saleId, index, 3, 1)]]));
  const ledger = () => [...history.values()].flatMap((versions) => versions.slice(-1));
  const gateOf = (index: number) => (index === 0 ? opened.a : opened.b);

  for (const step of steps) {
    if ('lost' in step && step.lost) opened.loseReplies(1);
    await take(step);
    opened.loseReplies(0);
    await assertHolds(opened, model);
  }
  await opened.a.reconcile(ledger(), -1);
  reconcileModel(model, ledger(), true);
  assert.equal(model.open.size, 0);
  await assertHolds(opened, model);
  assert.deepEqual(
    await opened.read('stock'),
    Object.fromEntries(ledger().map((stock) => [stock.itemId, pairText(pairOf(stock))])),
  );
  assert.deepEqual(opened.errors, []);

  async function take(step: Step): Promise<void> {
    switch (step.does) {
      case 'admit': {
        const asked = step.attempts.flatMap((index) => attempts[index] ?? []);
        const expected = asked.map((each) => admitToModel(model, each));
        const call = gateOf(step.by).admit(asked);
        if (step.lost) return assert.rejects(call, RedisAwayError);
        const got = (await call).map((advice) => (advice.advice === 'answered' ? advice.kept.order : advice.advice));
        return assert.deepEqual(got, expected);
      }
      case 'settle': {
        const ended = attempts[step.attempt];
        if (ended === undefined) return;
        // What a key's order is, the ledger knows: the same for all attempts with that key.
        const order = step.placed ? JSON.stringify({ order: keyOf(ended) }) : null;
        settleInModel(model, ended, order);
        const placed = order === null ? null : { fingerprint: '0'.repeat(64), order };
        gateOf(step.by).settle([{ attempt: ended, placed }]);
        return gateOf(step.by).flushed();
      }
      case 'commit': {
        const versions = history.get(ITEMS[step.item] ?? '') ?? [];
        const next = stockOf(opened.saleId, step.item, step.available, versions.length + 1);
        versions.push(next);
        return step.told ? told(step.by, next) : undefined;
      }
      case 'tell late': {
        const stock = history.get(ITEMS[step.item] ?? '')?.at(-1 - step.back);
        return stock === undefined ? undefined : told(step.by, stock);
      }
      case 'reconcile': {
        const leaked = reconcileModel(model, ledger(), step.leaked);
        const call = gateOf(step.by).reconcile(ledger(), step.leaked ? -1 : 3_600_000);
        if (step.lost) return assert.rejects(call, RedisAwayError);
        return assert.deepEqual(await call, { driftUnits: 0, repaired: 0, leaked, open: model.open.size });
      }
      case 'flush':
        Object.assign(model, emptyModel());
        return redis.flushAll();
    }
  }

  async function told(index: number, stock: LedgerStock): Promise<void> {
    const before = model.pairs.get(stock.itemId);
    if (before === undefined || before.version < stock.version) model.pairs.set(stock.itemId, pairOf(stock));
    gateOf(index).tell([stock]);
    await gateOf(index).flushed();
  }
}

function attemptsOf(saleId: string): Attempt[] {
  return Array.from({ length: ATTEMPTS }, (_, index) => {
    const customerId = CUSTOMERS[index % CUSTOMERS.length] ?? '';
    return {
      operationId: `operation-${index}`,
      saleId,
      customerId,
      placedBy: customerId,
      idempotencyKey: `key-${index % KEYS}`,
      lines: (LINES[index] ?? []).map(([number, quantity]) => ({ itemId: ITEMS[number] ?? '', quantity })),
    };
  });
}

function stockOf(saleId: string, index: number, available: number, version: number): LedgerStock {
  return { saleId, itemId: ITEMS[index] ?? '', available, version, limitPerCustomer: LIMITS[index] ?? null };
}

function pairOf({ available, version, limitPerCustomer }: LedgerStock): Pair {
  return { available, version, limit: limitPerCustomer };
}

const pairText = ({ available, version, limit }: Pair) => `${available}:${version}:${limit ?? ''}`;

/** The advice, or the order where there is one. */
function admitToModel(model: Model, attempt: Attempt): string {
  const kept = model.kept.get(keyOf(attempt));
  if (kept !== undefined) return kept;
  if (model.open.has(attempt.operationId)) return 'reserved';
  const lines = attempt.lines.map((line) => ({ ...line, pair: model.pairs.get(line.itemId) }));
  if (lines.some(({ pair }) => pair === undefined)) return 'unknown';
  const sums = sumsOf(model);
  let exhausted = false;
  for (const { itemId, quantity, pair } of lines) {
    if (pair === undefined) continue;
    const units = model.units.get(`${itemId}/${attempt.customerId}`) ?? 0;
    if (pair.available < quantity || (pair.limit !== null && units + quantity > pair.limit)) return 'refuse';
    if (pair.available - (sums.get(itemId) ?? 0) < quantity) exhausted = true;
  }
  if (exhausted) return 'unknown';
  model.open.set(attempt.operationId, attempt);
  return 'reserved';
}

function settleInModel(model: Model, attempt: Attempt, order: string | null): void {
  model.open.delete(attempt.operationId);
  if (order === null || model.kept.has(keyOf(attempt))) return;
  model.kept.set(keyOf(attempt), order);
  for (const { itemId, quantity } of attempt.lines) {
    const field = `${itemId}/${attempt.customerId}`;
    if (model.pairs.get(itemId)?.limit != null) model.units.set(field, (model.units.get(field) ?? 0) + quantity);
  }
}

/** How many reservations leaked. */
function reconcileModel(model: Model, ledger: readonly LedgerStock[], leaked: boolean): number {
  for (const stock of ledger) model.pairs.set(stock.itemId, pairOf(stock));
  if (!leaked) return 0;
  const count = model.open.size;
  model.open.clear();
  return count;
}

function sumsOf({ open }: Model): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { itemId, quantity } of [...open.values()].flatMap(({ lines }) => lines)) {
    sums.set(itemId, (sums.get(itemId) ?? 0) + quantity);
  }
  return sums;
}

const textOf = (map: ReadonlyMap<string, unknown>) =>
  Object.fromEntries([...map].map(([key, value]) => [key, String(value)]));

/** Redis has what the model has; the reserved sums are those of the open reservations, and none is negative. */
async function assertHolds(opened: GateCase, model: Model): Promise<void> {
  const [stock, reserved, open, units] = await Promise.all(['stock', 'reserved', 'open', 'units'].map(opened.read));
  assert.deepEqual(stock, Object.fromEntries([...model.pairs].map(([itemId, pair]) => [itemId, pairText(pair)])));
  assert.deepEqual(reserved, textOf(sumsOf(model)));
  assert.deepEqual(Object.keys(open ?? {}).sort(), [...model.open.keys()].sort());
  assert.deepEqual(units, textOf(model.units));
}
