import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkHistory } from '../../lab/checker/check-history.ts';
import { formatRecord, type HistoryRecord, sortHistory } from '../../lab/checker/history.ts';
import { asMembers } from '../../lab/checker/order-state.ts';
import type { Violation } from '../../lab/checker/violation.ts';
import { createHttpClient, parseBody } from '../../lab/rush/http-client.ts';
import { logIn, type Operator } from '../../lab/rush/operator.ts';
import { mulberry32 } from '../../lab/rush/random.ts';
import { lookAtSale } from '../../lab/rush/read-back.ts';
import { retryDelayMs } from '../../lab/rush/retry-delay.ts';
import { newCustomer } from '../support/client.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import type { Sale } from '../support/shop.ts';
import { type Moving, readAtRest, untilAtRest } from './at-rest.ts';
import { type Caller, hearEngineOnly, takeStep } from './caller.ts';
import { type FaultKind, strike } from './fault-kinds.ts';
import type { Errand, Plan, PlannedFault } from './plan.ts';
import { type Floor, visit } from './visit.ts';
import type { World } from './world.ts';

/** What became of one fault. */
export interface Struck {
  readonly kind: FaultKind;
  /** From its end until an order succeeded that was sent after it. */
  readonly recoveryMs: number;
}

/** What a seed came to. */
export interface SeedResult {
  readonly seed: number;
  readonly struck: readonly Struck[];
  readonly violations: readonly Violation[];
  readonly requests: number;
  readonly orders: number;
  readonly tookMs: number;
  /** Where the history is kept, of a run that broke a promise. */
  readonly historyFile: string | undefined;
}

/** Visitors at the same time. */
const LANES = 24;

/** Silence for this long is a lost answer. */
const SILENCE_MS_MAX = 6_000;

/** Runs one plan on a world that is shared with other plans, and judges it. */
export async function runSeed(world: World, plan: Plan, restMs?: number): Promise<SeedResult> {
  const startedAtMs = performance.now();
  const records: HistoryRecord[] = [];
  const record = (each: HistoryRecord) => void records.push(each);
  const client = hearEngineOnly(createHttpClient(world.url, 2 * LANES + 8, SILENCE_MS_MAX));
  try {
    const operator = await logIn(world.url, 'operator@example.com', 'doorbuster-development', SILENCE_MS_MAX);
    const sale = await world.shop.createSale({ ...plan.terms, items: [...plan.terms.items] });
    const caller = { client, record, random: mulberry32(plan.seed), unsettled: [] };
    record(await lookAtSale(operator, sale.id));
    const from = world.receiver.received.length;
    const struck = await runPlan(world, plan, {
      saleId: sale.id,
      itemIds: sale.items.map(({ id }) => id),
      caller,
      operator,
    });
    const early = await untilAtRest(world, sale.id, restMs);
    await settleAll(caller);
    const moving = early ?? (await untilAtRest(world, sale.id, restMs));
    const final = await readAtRest(world, operator, sale.id, record, from);
    record({ operation: 'final-state', ...final });
    const settings = { complete: !plan.errands.some(({ kind }) => kind === 'pause') };
    const violations = [
      ...checkHistory(sortHistory(records), final, settings),
      ...(await checkLedger(world)),
      ...(moving === undefined ? [] : [describeRestless(moving)]),
    ];
    const historyFile = violations.length === 0 ? undefined : keepHistory(plan.seed, records);
    return {
      ...{ seed: plan.seed, struck, violations, historyFile },
      requests: records.filter(({ operation }) => operation === 'place-order' || operation === 'step').length,
      orders: final.orders.length,
      tookMs: performance.now() - startedAtMs,
    };
  } catch (error) {
    const file = keepHistory(plan.seed, records);
    throw new Error(`Seed ${plan.seed} did not come to its end; its history is in ${file}`, { cause: error });
  } finally {
    client.close();
  }
}

/** What nobody knew in time the same key tells now, of orders and of steps. */
async function settleAll(caller: Caller): Promise<void> {
  const left = caller.unsettled.splice(0);
  for (const request of left) {
    if ((await takeStep(caller, request)) === undefined) {
      throw new Error(`Nobody tells what became of a ${request.intent} of order ${request.orderId}.`);
    }
  }
}

function describeRestless(moving: Moving): Violation {
  const message = `the sale does not come to rest: ${JSON.stringify(moving)}`;
  return { promise: 'S-06', kind: 'restless', message, evidence: { ...moving } };
}

async function checkLedger({ query }: World): Promise<Violation[]> {
  try {
    await assertLedgerSound({ query });
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [{ promise: 'S-06', kind: 'stock-books', message: `the ledger is not sound: ${message}`, evidence: {} }];
  }
}

function keepHistory(seed: number, records: readonly HistoryRecord[]): string {
  const folder = join('/tmp', 'doorbuster-faults');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `seed-${seed}-${Date.now()}.jsonl`);
  writeFileSync(file, records.map(formatRecord).join(''));
  return file;
}

interface Run {
  readonly saleId: string;
  readonly itemIds: readonly string[];
  readonly caller: Caller;
  readonly operator: Operator;
}

/** Lets the visitors in, a few at a time; faults and errands come when so many have begun. */
async function runPlan(world: World, plan: Plan, { saleId, itemIds, caller, operator }: Run): Promise<Struck[]> {
  const { people } = world;
  const floor: Floor = {
    ...{ saleId, itemIds, caller },
    buyers: Array.from({ length: 1 + Math.max(...plan.visits.map(({ buyer }) => buyer)) }, newCustomer),
    staff: {
      merchant: { id: 'merchant', token: people.merchant },
      courier: { id: 'courier', token: people.courier },
      operator: { id: 'operator', token: people.operator },
    },
  };
  const struck: Promise<Struck>[] = [];
  const running: Promise<unknown>[] = [];
  const probe = await world.shop.createSale({ name: 'Probe', items: [{ capacity: 1_000_000 }] });
  const startMs = performance.now();
  let begun = 0;
  const lane = async () => {
    for (let next = plan.visits[begun]; next !== undefined; next = plan.visits[begun]) {
      begun += 1;
      // One fault after the other: each is over before the next.
      for (const fault of plan.faults) {
        if (fault.afterVisits !== begun) continue;
        const before = Promise.allSettled(struck);
        struck.push(before.then(() => strikeAndRecover(world, fault, probe, caller)));
      }
      for (const errand of plan.errands) {
        if (errand.afterVisits === begun) running.push(runErrand(floor, errand, `${plan.seed}-${begun}`));
      }
      await delay(Math.max(0, startMs + next.atMs - performance.now()));
      await visit(floor, next);
    }
  };
  let over = false;
  const sampling = sample(operator, saleId, caller, () => over);
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
    await Promise.all(running);
    return await Promise.all(struck);
  } finally {
    over = true;
    await Promise.all([sampling, Promise.allSettled(struck)]);
    await heal(world);
  }
}

/** Whatever a fault has left behind. */
async function heal(world: World): Promise<void> {
  world.redisProxy.pass();
  world.postgresProxy.delayAnswers(0);
  await Promise.all(world.engines.map((engine) => engine.revive()));
}

const RECOVERY_MS_MAX = 30_000;

/** Orders of another sale, with plenty of stock, show when the engine serves again. */
async function strikeAndRecover(
  world: World,
  fault: PlannedFault,
  probe: Sale,
  { client, random }: Caller,
): Promise<Struck> {
  const body = JSON.stringify({ saleId: probe.id, lines: [{ itemId: probe.items[0]?.id, quantity: 1 }] });
  return strike(world, fault, async (overAtMs) => {
    for (let attempt = 0; ; attempt += 1) {
      const { token } = newCustomer();
      const path = '/api/v1/orders';
      const answer = await client.send({ method: 'POST', path, token, idempotencyKey: `probe-${attempt}`, body });
      const recoveryMs = performance.now() - overAtMs;
      if (answer.answered && answer.status === 201) return { kind: fault.kind, recoveryMs };
      if (recoveryMs > RECOVERY_MS_MAX) throw new Error(`No order succeeds ${recoveryMs} ms after "${fault.kind}".`);
      await delay(20 * random());
    }
  });
}

const SAMPLE_INTERVAL_MS = 100;

/** Looks at the sale again and again while it runs. */
async function sample(operator: Operator, saleId: string, { record }: Caller, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await lookAtSale(operator, saleId).then(record, () => undefined);
    await delay(SAMPLE_INTERVAL_MS);
  }
}

const ERRAND_ATTEMPTS_MAX = 20;

async function runErrand({ saleId, itemIds, staff, caller }: Floor, errand: Errand, key: string): Promise<void> {
  if (errand.kind === 'pause') {
    await post(caller, staff.merchant.token, `/api/v1/sales/${saleId}/pause`, `pause-${key}`, undefined);
    await delay(200);
    await post(caller, staff.merchant.token, `/api/v1/sales/${saleId}/resumption`, `resume-${key}`, undefined);
    return;
  }
  const itemId = itemIds[errand.item] ?? '';
  const sentAtMs = performance.now();
  const body = { itemId, adjustBy: errand.adjustBy };
  const answer = await post(caller, staff.operator.token, '/api/v1/admin/stock', `stock-${saleId}-${key}`, body);
  if (answer?.status === 409) return;
  const { stock, version } = asMembers(answer?.content) ?? {};
  const capacity = asMembers(stock)?.['capacity'];
  const known = answer?.status === 200 && typeof capacity === 'number' && typeof version === 'number';
  caller.record({
    ...{ operation: 'change-stock', itemId, sentAtMs, answeredAtMs: known ? performance.now() : null },
    ...(known ? { capacity, version } : { capacity: null, version: null }),
  });
}

async function post(
  { client, random }: Caller,
  token: string,
  path: string,
  idempotencyKey: string,
  body: object | undefined,
): Promise<{ readonly status: number; readonly content: unknown } | undefined> {
  for (let attempt = 1; attempt <= ERRAND_ATTEMPTS_MAX; attempt += 1) {
    const answer = await client.send({
      ...{ method: 'POST', path, token, idempotencyKey },
      ...(body && { body: JSON.stringify(body) }),
    });
    const content = answer.answered ? parseBody(answer.body) : undefined;
    const inProgress = asMembers(content)?.['code'] === 'request-in-progress';
    if (answer.answered && answer.status < 500 && answer.status !== 429 && !inProgress) {
      return { status: answer.status, content };
    }
    await delay(retryDelayMs(attempt, answer.answered ? answer.headers['retry-after'] : undefined, random));
  }
  return undefined;
}
