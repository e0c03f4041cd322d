import { AsyncLocalStorage } from 'node:async_hooks';
import { type BatchFailure, commitBatch, type DecidedBatch } from '../../src/actions/commit-batch.ts';
import type { PlaceOrderRequest } from '../../src/actions/decide-placing.ts';
import { writeOptimistically } from '../../src/actions/write-optimistically.ts';
import { allocate, type Decision, type StockState } from '../../src/domain/stock.ts';
import type { Connection, Database } from '../../src/ledger/database.ts';
import type { Gates, World } from './walk.ts';

// Two processes place orders by the engine's own writeOptimistically, commitBatch and allocate. Beneath is as much of a
// ledger as they need: one lock, the fencing token, the stock, and the orders by their keys. Connections break before
// COMMIT, on its way and on its way back; a COMMIT whose sender has gone may still arrive, and until then its session
// keeps the lock. So may an optimistic statement, which has no lock until it arrives.

/** How the protocol can be broken. */
export type UnknownCommitFault =
  /** The keys are read before the lock is waited for. */
  | 'keys read before the lock'
  /** Whoever lost an answer looks without the lock, finds nothing, and says so. */
  | 'a look without the lock settles'
  /** What cannot be known is told as a failure. */
  | 'unknown told as nothing done'
  /** The keys are not read at all. */
  | 'no repeat check'
  /** Orders are decided anew though their optimistic statement may still arrive. */
  | 'no fence'
  /** What a lost optimistic statement may have done is forgotten when the orders are decided anew. */
  | 'a lost statement is forgotten';

type Outcome = Decision | { readonly outcome: 'repeat'; readonly orderId: string } | BatchFailure;

interface Transaction {
  readonly keys: Map<string, string>;
  taken: number;
  state: 'begun' | 'waiting' | 'locked' | 'over';
}

const SALE = 'sale';
const ITEM = 'item';
const SETTLE_MS = 1_000;
const HOUR_MS = 3_600_000;
const NOW = new Date(HOUR_MS);

/** What an optimistic statement tells of the rows that it was decided by. */
const GROUND = {
  decided_at: NOW,
  id: SALE,
  merchant_id: 'merchant',
  currency: 'EUR',
  opens_at: new Date(0),
  closes_at: new Date(2 * HOUR_MS),
  paused_at: null,
  fulfillment: 'direct',
  hold_seconds: 60,
  acceptance_seconds: 60,
  test: false,
  last_arrival: 0,
  fence: 0,
  item_id: ITEM,
  item_name: 'Item',
  price_minor: 100,
  item_version: 1,
};

class Lost extends Error {
  readonly code = 'ECONNRESET';
}

class Deadlock extends Error {
  readonly code = '40P01';
}

class DuplicateKey extends Error {
  readonly code = '23505';
  readonly constraint = 'orders_placed_once';
}

/** Which actor waits, and how late it is: given to the clock and the pauses of `commitBatch`. */
const acting = new AsyncLocalStorage<{
  readonly actor: string;
  readonly gates: Gates;
  readonly clock: { now: number };
}>();

/** The clock of whoever asks. */
export const simulatedNow = (): number => acting.getStore()?.clock.now ?? 0;

/** A pause of whoever pauses: it ends in time, or too late for another try. */
export async function simulatedPause(): Promise<void> {
  const { actor, gates, clock } = acting.getStore() ?? {};
  if (actor === undefined || gates === undefined || clock === undefined)
    throw new Error('Nobody is known to pause here.');
  const way = await gates.wait(actor, () => ['tries again', 'is out of time']);
  if (way === 'is out of time') clock.now += 2 * SETTLE_MS;
}

/** One run: the batches of the processes, by the keys of their requests. The same key is the same buyer's retry. */
export function unknownCommits(
  bounds: {
    readonly batches: readonly (readonly string[])[];
    readonly capacity: number;
    readonly faults: number;
    /** Each batch is tried optimistically first. */
    readonly optimistic?: boolean;
    /** A unit comes back on sale at some time. */
    readonly restocked?: boolean;
  },
  fault?: UnknownCommitFault,
): World {
  const ledger = { available: bounds.capacity, orders: new Map<string, string>(), fence: 0 };
  const left = { faults: bounds.faults, restocks: bounds.restocked ? 1 : 0 };
  const open = new Set<Transaction>();
  /** Sessions whose client has gone. */
  const orphans = new Map<Transaction, { readonly name: string; readonly commits: boolean }>();
  /** Optimistic statements whose sender has gone, and which the server has not seen yet. */
  const late = new Map<Statement, string>();
  const told: { readonly attempt: PlaceOrderRequest; readonly outcome: Outcome }[] = [];
  let broken: string | undefined;

  const lockIsFree = () => ![...open].some(({ state }) => state === 'locked');

  function end(transaction: Transaction, commits: boolean): void {
    open.delete(transaction);
    orphans.delete(transaction);
    transaction.state = 'over';
    if (!commits) return;
    ledger.available -= transaction.taken;
    if (ledger.available < 0) broken ??= 'never more orders than stock';
    for (const [key, orderId] of transaction.keys) {
      if (ledger.orders.has(key)) broken ??= 'one order for a key';
      ledger.orders.set(key, orderId);
    }
  }

  function databaseOf(actor: string, gates: Gates): Pick<Database, 'connect'> {
    return {
      async connect() {
        const ways = () => ['connects', ...(left.faults > 0 ? ['cannot connect'] : [])];
        if ((await gates.wait(actor, ways)) === 'cannot connect') {
          left.faults -= 1;
          throw new Lost();
        }
        return connectionOf(actor, gates);
      },
    };
  }

  function connectionOf(actor: string, gates: Gates): Connection & { readonly transaction: Transaction } {
    const transaction: Transaction = { keys: new Map(), taken: 0, state: 'begun' };
    open.add(transaction);
    const answer = (command: string) => ({ rows: [], rowCount: 0, command });
    return {
      transaction,
      query: async <Row>({ name }: { readonly name: string }, values: readonly unknown[] = []) => {
        if (name === 'place_orders_optimistically') {
          return (await runOptimistic(actor, gates, statementOf(values))) as Row[];
        }
        if (name === 'raise_fences_of_sales') await raiseFence(actor, gates);
        else if (name !== 'plan_by_keys') throw new Error(`This ledger cannot ${name}.`);
        return [];
      },
      together: (send) => send(),
      async execute(text) {
        if (text !== 'COMMIT') {
          if (text === 'ROLLBACK') end(transaction, false);
          return answer(text);
        }
        const faults = [
          'COMMIT is lost',
          'COMMIT comes late',
          'the answer to COMMIT is lost',
          'is the victim of a deadlock',
        ] as const;
        const way = await gates.wait(actor, () => ['commits', ...(left.faults > 0 ? faults : [])] as const);
        if (way === 'commits') end(transaction, true);
        else left.faults -= 1;
        switch (way) {
          case 'commits':
            return answer('COMMIT');
          case 'is the victim of a deadlock':
            end(transaction, false);
            throw new Deadlock();
          case 'the answer to COMMIT is lost':
            end(transaction, true);
            throw new Lost();
          default:
            orphans.set(transaction, { name: actor, commits: way === 'COMMIT comes late' });
            throw new Lost();
        }
      },
      release() {
        // A session whose client has left it in the middle ends when the server sees that.
        if (transaction.state !== 'over' && !orphans.has(transaction)) end(transaction, false);
      },
    };
  }

  async function runOptimistic(actor: string, gates: Gates, statement: Statement): Promise<unknown[]> {
    const ways = () => [
      ...(lockIsFree() ? ['is done'] : []),
      ...(lockIsFree() && left.faults > 0 ? ['is done, and its answer is lost'] : []),
      ...(left.faults > 0 ? ['is lost', 'comes late'] : []),
    ];
    const way = await gates.wait(actor, ways);
    if (way === 'is done') return execute(statement);
    left.faults -= 1;
    if (way === 'is done, and its answer is lost') execute(statement);
    if (way === 'comes late') late.set(statement, actor);
    throw new Lost();
  }

  /** All of it or nothing, as PostgreSQL does it: by the rows as they are under the lock. */
  function execute({ orders, fence }: Statement): unknown[] {
    if (fence !== ledger.fence || ledger.available < orders.length) return [];
    if (orders.some(({ key }) => ledger.orders.has(key))) throw new DuplicateKey();
    const { available } = ledger;
    ledger.available -= orders.length;
    for (const { key, orderId } of orders) ledger.orders.set(key, orderId);
    return [{ ...GROUND, available }];
  }

  async function raiseFence(actor: string, gates: Gates): Promise<void> {
    const ways = () => ['raises the fence', ...(left.faults > 0 ? ['loses its connection before the fence'] : [])];
    if (fault === 'no fence') return;
    if ((await gates.wait(actor, ways, lockIsFree)) === 'raises the fence') {
      ledger.fence += 1;
      return;
    }
    left.faults -= 1;
    throw new Lost();
  }

  /** What `decideUnderLock` does, in short. */
  async function decide(
    actor: string,
    gates: Gates,
    transaction: Transaction,
    batch: readonly PlaceOrderRequest[],
    tries: number,
  ) {
    const before = new Map(ledger.orders);
    if (fault === 'a look without the lock settles' && tries > 1) {
      const looked = batch.map(({ idempotencyKey }): Outcome => {
        const orderId = before.get(idempotencyKey);
        return orderId === undefined ? { outcome: 'unavailable', error: 'not found' } : { outcome: 'repeat', orderId };
      });
      return { outcomes: looked, write: null };
    }
    transaction.state = 'waiting';
    const ways = () => ['gets the lock', ...(left.faults > 0 ? ['loses its connection'] : [])];
    if ((await gates.wait(actor, ways, lockIsFree)) === 'loses its connection') {
      left.faults -= 1;
      end(transaction, false);
      throw new Lost();
    }
    transaction.state = 'locked';
    const known =
      fault === 'keys read before the lock' ? before : fault === 'no repeat check' ? new Map() : new Map(ledger.orders);
    return decided(transaction, batch, known);
  }

  function decided(
    transaction: Transaction,
    batch: readonly PlaceOrderRequest[],
    known: ReadonlyMap<string, string>,
  ): DecidedBatch<Outcome> {
    const decisions = allocate(
      stockOf(ledger.available),
      batch.filter(({ idempotencyKey }) => !known.has(idempotencyKey)),
    ).values();
    const outcomes = batch.map(({ idempotencyKey }): Outcome => {
      const orderId = known.get(idempotencyKey);
      const decision = orderId === undefined ? decisions.next().value : undefined;
      if (orderId !== undefined) return { outcome: 'repeat', orderId };
      if (decision === undefined) throw new Error('An attempt was not decided.');
      return decision;
    });
    const accepted = batch.filter((_, index) => outcomes[index]?.outcome === 'accepted');
    const write = async () => {
      for (const { idempotencyKey, orderId } of accepted) transaction.keys.set(idempotencyKey, orderId);
      transaction.taken = accepted.length;
    };
    return { outcomes, write: accepted.length === 0 ? null : write };
  }

  /** What the engine's order writer does with a batch. */
  async function write(actor: string, gates: Gates, batch: readonly PlaceOrderRequest[]): Promise<readonly Outcome[]> {
    if (!bounds.optimistic) return underLocks(actor, gates, batch);
    const giveUpAt = simulatedNow() + SETTLE_MS;
    const ours = {
      sales: [{ id: SALE, fence: ledger.fence }],
      items: [{ id: ITEM, saleId: SALE, units: batch.length, priceMinor: 100 }],
      orders: batch.map(({ orderId: id, ...request }) => ({ id, ...request })),
    };
    const result = await writeOptimistically(databaseOf(actor, gates), batch, ours, giveUpAt);
    if (result.kind === 'written') return result.outcomes;
    if (result.kind === 'unknown') return batch.map(() => ({ outcome: 'unknown', error: result.error }));
    return underLocks(actor, gates, batch, result.kind === 'settled' && fault !== 'a lost statement is forgotten');
  }

  async function underLocks(
    actor: string,
    gates: Gates,
    batch: readonly PlaceOrderRequest[],
    perhapsCommitted = false,
  ): Promise<readonly Outcome[]> {
    let tries = 0;
    return commitBatch<PlaceOrderRequest, Outcome>(databaseOf(actor, gates), batch, {
      decide: (connection, attempts) => {
        tries += 1;
        return decide(actor, gates, (connection as ReturnType<typeof connectionOf>).transaction, attempts, tries);
      },
      repeatKey: 'orders_placed_once',
      settleMs: SETTLE_MS,
      perhapsCommitted,
    });
  }

  async function place(actor: string, gates: Gates, batch: readonly PlaceOrderRequest[]): Promise<void> {
    const outcomes = await write(actor, gates, batch);
    for (const [index, attempt] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) broken ??= 'every request is answered';
      else if (outcome.outcome === 'unknown' && fault === 'unknown told as nothing done') {
        told.push({ attempt, outcome: { ...outcome, outcome: 'unavailable' } });
      } else told.push({ attempt, outcome });
    }
  }

  function restock(): void {
    left.restocks -= 1;
    ledger.available += 1;
  }

  function arrive(statement: Statement): void {
    late.delete(statement);
    try {
      execute(statement);
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }

  function brokenByAnswers(): string | undefined {
    for (const { attempt, outcome } of told) {
      const has = ledger.orders.get(attempt.idempotencyKey);
      if (outcome.outcome === 'accepted' && has !== attempt.orderId) return 'who was told of an order has it';
      if (outcome.outcome === 'repeat' && has !== outcome.orderId) return 'who was told of an order has it';
      // Where nothing comes back on sale, a key that was refused has no order, before or after; else this attempt has none.
      if (outcome.outcome === 'sold-out' && (bounds.restocked ? has === attempt.orderId : has !== undefined))
        return 'nobody who has an order is told that it is sold out';
      if (outcome.outcome === 'unavailable' && has === attempt.orderId) return 'nothing was done where that was said';
      if (outcome.outcome === 'poisoned') return 'no request is blamed';
    }
    return undefined;
  }

  return {
    start(gates) {
      for (const [index, keys] of bounds.batches.entries()) {
        const actor = `process ${index}`;
        const batch = keys.map((key, place) => attemptOf(key, `order ${index}.${place}`));
        acting.run({ actor, gates, clock: { now: 0 } }, () => {
          place(actor, gates, batch).catch((error: unknown) => {
            broken ??= `a batch throws: ${String(error)}`;
          });
        });
      }
    },
    events: () => [
      ...(left.restocks > 0 && lockIsFree() ? [{ name: 'a unit comes back', happen: restock }] : []),
      ...[...orphans].map(([transaction, { name, commits }]) => ({
        name: `the server ${commits ? 'gets the COMMIT' : 'sees the end'} of ${name}`,
        happen: () => end(transaction, commits),
      })),
      ...[...late]
        .filter(() => lockIsFree())
        .map(([statement, name]) => ({
          name: `the server gets the statement of ${name}`,
          happen: () => arrive(statement),
        })),
    ],
    broken: () => broken ?? brokenByAnswers(),
    brokenAtRest() {
      const expected = bounds.capacity + (bounds.restocked ? 1 : 0) - ledger.orders.size;
      return ledger.available === expected ? undefined : 'what was taken is what was ordered';
    },
  };
}

function attemptOf(idempotencyKey: string, orderId: string): PlaceOrderRequest {
  const customerId = `customer of ${idempotencyKey}`;
  return {
    orderId,
    saleId: SALE,
    onlyMerchantId: null,
    customerId,
    placedBy: customerId,
    idempotencyKey,
    fingerprint: '',
    lines: [{ itemId: ITEM, quantity: 1 }],
    ...{ reference: null, metadata: null, requestId: '', traceParent: null },
  };
}

/** An optimistic statement, as far as this ledger reads it. */
interface Statement {
  readonly fence: number;
  readonly orders: readonly { readonly key: string; readonly orderId: string }[];
}

function statementOf(values: readonly unknown[]): Statement {
  const [fence, ids, keys] = [1, 6, 13].map((index) => values[index]);
  const orderIds = elementsOf(ids);
  return {
    fence: Number(elementsOf(fence)[0]),
    orders: (keys as string[]).map((key, index) => ({ key, orderId: orderIds[index] ?? '' })),
  };
}

/** Of an array literal. */
const elementsOf = (literal: unknown) => String(literal).slice(1, -1).split(',');

function stockOf(available: number): StockState {
  const sale = {
    id: SALE,
    merchantId: 'merchant',
    currency: 'EUR',
    opensAt: new Date(NOW.getTime() - HOUR_MS),
    closesAt: new Date(NOW.getTime() + HOUR_MS),
    pausedAt: null,
    fulfillment: 'direct' as const,
    holdSeconds: 60,
    acceptanceSeconds: 60,
    test: false,
    lastArrival: 0,
  };
  const item = { id: ITEM, saleId: SALE, name: 'Item', priceMinor: 100, limitPerCustomer: null, available, version: 1 };
  return { now: NOW, sales: new Map([[SALE, sale]]), items: new Map([[ITEM, item]]), units: new Map() };
}
