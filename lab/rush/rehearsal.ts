import { setTimeout as delay } from 'node:timers/promises';
import { checkHistory } from '../checker/check-history.ts';
import { type FinalState, type History, sortHistory } from '../checker/history.ts';
import type { Violation } from '../checker/violation.ts';
import { type Buyer, type Crowd, placeOrder } from './buyer.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { isOperatorError, logIn, type Operator } from './operator.ts';
import { type PlannedOrder, planOrders } from './plan.ts';
import { mulberry32 } from './random.ts';
import { lookAtSale, readAllOrders, readFinalState } from './read-back.ts';
import type { Recorder } from './recorder.ts';
import { createSlots } from './slots.ts';
import { createTally, type Tally } from './tally.ts';
import { makeBuyers, makeTestSale, type TestSaleWish } from './test-sale.ts';

export interface RehearsalOptions extends TestSaleWish {
  /** The processes of one engine, one or more. A retry goes to another process than the attempt before. */
  readonly urls: readonly [string, ...string[]];
  readonly operator: { readonly email: string; readonly password: string };
  readonly buyers: number;
  readonly ordersPerBuyer: number;
  readonly quantityMax: number;
  /** Connections that are open at the same time. */
  readonly concurrency: number;
  readonly seed: number;
  /** See `CheckSettings`. */
  readonly soldOutBoundMs: number;
}

/** A run that is over, with everything a verdict needs. */
export interface Rehearsal {
  readonly saleId: string;
  readonly history: History;
  readonly final: FinalState;
  readonly violations: readonly Violation[];
  readonly tally: Tally;
  /** It was broken off: the verdict covers what was sent until then. */
  readonly interrupted: boolean;
}

export interface RehearsalWatch {
  readonly recorder: Recorder;
  /** Aborted: no more orders are sent; what is under way ends, and the books are read. */
  readonly stop: AbortSignal;
  /** Sale and buyers stand ready, the first order is about to be sent. */
  readonly onStart?: (tally: Tally, saleId: string) => void;
  /** All buyers are done; the books are being read. */
  readonly onEnd?: () => void;
}

/**
 * Lets a crowd loose on a test sale, reads the result back from the engine and judges it.
 * @throws OperatorError, DoorbusterError when the sale cannot be made or the result cannot be read.
 */
export async function rehearse(options: RehearsalOptions, watch: RehearsalWatch): Promise<Rehearsal> {
  const { recorder, stop } = watch;
  const clients = options.urls.map((url) => createHttpClient(url, options.concurrency));
  try {
    const operator = await logIn(options.urls[0], options.operator.email, options.operator.password);
    const sale = await makeTestSale(operator, options);
    const buyers = await makeBuyers(operator, sale.id, options.buyers);
    const itemIds = sale.items.map((item) => item.id);
    const plan = planOrders({ ...options, itemIds, keyPrefix: sale.id });
    const tally = createTally(plan.length);
    const slots = createSlots(options.concurrency);
    const random = mulberry32(options.seed + 1);
    const crowd: Crowd = {
      clientFor: takeTurns(clients),
      saleId: sale.id,
      slots,
      tally,
      random,
      record: recorder.add,
      stop,
    };
    recorder.add(await lookAtSale(operator, sale.id));
    watch.onStart?.(tally, sale.id);
    const unsettled = await watchStock(operator, sale.id, recorder, () => sendAll(crowd, buyers, plan));
    watch.onEnd?.();
    await readAllOrders(operator, sale.id, recorder.add);
    // Every order that does not know its outcome asks once more, with its key, now that nobody else asks.
    await sendAll(crowd, buyers, unsettled);
    const final = await readFinalState(operator, sale.id, recorder.add);
    recorder.add({ operation: 'final-state', ...final });
    const history = sortHistory(recorder.records);
    const interrupted = stop.aborted;
    const settings = { soldOutBoundMs: options.soldOutBoundMs, complete: !interrupted };
    return { saleId: sale.id, history, final, violations: checkHistory(history, final, settings), tally, interrupted };
  } finally {
    for (const client of clients) client.close();
  }
}

/** Orders begin with one client after the other, and each further attempt goes to the next. */
function takeTurns(clients: readonly HttpClient[]): Crowd['clientFor'] {
  let orders = 0;
  return () => {
    let turn = orders;
    orders += 1;
    return () => {
      const client = clients[turn % clients.length];
      turn += 1;
      if (client === undefined) throw new Error('there is no engine to send to');
      return client;
    };
  };
}

/** Sends the orders, as many at a time as there are slots. Returns those that end without a last word. */
async function sendAll(crowd: Crowd, buyers: readonly Buyer[], plan: readonly PlannedOrder[]): Promise<PlannedOrder[]> {
  const unsettled: PlannedOrder[] = [];
  const flows: Promise<void>[] = [];
  for (const planned of plan) {
    await crowd.slots.take(false);
    if (crowd.stop.aborted) {
      crowd.slots.give();
      break;
    }
    flows.push(settle(crowd, buyers, planned, unsettled));
  }
  await Promise.all(flows);
  return unsettled;
}

async function settle(
  crowd: Crowd,
  buyers: readonly Buyer[],
  planned: PlannedOrder,
  unsettled: PlannedOrder[],
): Promise<void> {
  const buyer = buyers[planned.buyer];
  if (buyer === undefined) throw new Error(`the plan names buyer ${planned.buyer}, there are ${buyers.length}`);
  const outcome = await placeOrder(crowd, buyer, planned);
  if (outcome === 'unknown') unsettled.push({ ...planned, hangsUp: false, resends: false });
  else crowd.tally[outcome] += 1;
  crowd.tally.settled += 1;
}

/** How often the stock is looked at while the crowd is at it: S-01 holds in every sample. */
const SAMPLE_INTERVAL_MS = 100;

async function watchStock<Result>(
  operator: Operator,
  saleId: string,
  recorder: Recorder,
  work: () => Promise<Result>,
): Promise<Result> {
  const over = new AbortController();
  const watching = sampleStock(operator, saleId, recorder, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    await watching;
  }
}

async function sampleStock(operator: Operator, saleId: string, recorder: Recorder, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    try {
      recorder.add(await lookAtSale(operator, saleId));
    } catch (error) {
      // An engine that is away cannot be sampled; whether it comes back is the orders' business.
      if (!isOperatorError(error)) throw error;
    }
    await delay(SAMPLE_INTERVAL_MS, undefined, { signal: over }).catch(() => undefined);
  }
}
