import { setTimeout as pause } from 'node:timers/promises';
import { allocate, type Placement } from '../domain/stock.ts';
import type { Connection, Database } from '../ledger/database.ts';
import { faultOf } from '../ledger/database-error.ts';
import {
  fenceSales,
  type OptimisticBatch,
  type OptimisticGround,
  placeOptimistically,
} from '../ledger/optimistic-orders.ts';
import type { PlaceOrderRequest } from './decide-placing.ts';

/** What came of an optimistic batch. */
export type OptimisticResult =
  | { readonly kind: 'written'; readonly outcomes: readonly Placement[]; readonly ground: OptimisticGround }
  /** Nothing was written, and nothing will be: the orders can be decided under locks. */
  | { readonly kind: 'nothing' }
  /** All of it was written, or nothing was and nothing will be: deciding under locks finds out. */
  | { readonly kind: 'settled' }
  /** It may have been written, or may be still, and the ledger did not come back in time to tell. */
  | { readonly kind: 'unknown'; readonly error: unknown };

/** Between tries to reach a ledger that broke the connection. */
const RECONNECT_PAUSE_MS = 100;

const NO_UNITS: ReadonlyMap<string, number> = new Map();

/**
 * Places a batch by one statement that writes all of it or nothing. No refusal is made here: what it does not take is
 * decided under locks.
 *
 * A lost connection leaves a statement that may have run, or may still: the server may have it in its buffers, before
 * it took a lock. So the sales' fencing tokens are raised before anything else is said of these orders. After that the
 * statement has written, which the repeat check finds, or it never will.
 */
export async function writeOptimistically(
  database: Pick<Database, 'connect'>,
  requests: readonly PlaceOrderRequest[],
  batch: OptimisticBatch,
  giveUpAt: number,
): Promise<OptimisticResult> {
  let connection: Connection;
  try {
    connection = await database.connect();
  } catch {
    return { kind: 'nothing' };
  }
  let lost = false;
  try {
    const ground = await placeOptimistically(connection, batch);
    if (ground === undefined) return { kind: 'nothing' };
    return { kind: 'written', outcomes: placementsOf(ground, requests), ground };
  } catch (error) {
    const fault = faultOf(error);
    lost = fault === 'connection-lost';
    // Where PostgreSQL says no, nothing was written. What goes wrong here may do so after it was.
    if (!lost) return { kind: fault === 'not-database' ? 'settled' : 'nothing' };
  } finally {
    connection.release(lost);
  }
  return fence(
    database,
    batch.sales.map(({ id }) => id),
    giveUpAt,
  );
}

async function fence(
  database: Pick<Database, 'connect'>,
  saleIds: readonly string[],
  giveUpAt: number,
): Promise<OptimisticResult> {
  for (;;) {
    let connection: Connection | undefined;
    let lost = false;
    try {
      connection = await database.connect();
      await fenceSales(connection, saleIds);
      return { kind: 'settled' };
    } catch (error) {
      lost = faultOf(error) === 'connection-lost';
      if (performance.now() >= giveUpAt) return { kind: 'unknown', error };
    } finally {
      connection?.release(lost);
    }
    await pause(Math.max(0, Math.min(RECONNECT_PAUSE_MS, giveUpAt - performance.now())));
  }
}

/** The same rule as under locks, on the rows that the statement locked: its conditions leave nothing to refuse. */
function placementsOf(ground: OptimisticGround, requests: readonly PlaceOrderRequest[]): Placement[] {
  const { decidedAt: now, sales, items } = ground;
  return allocate({ now, sales, items, units: NO_UNITS }, requests).map((decision) => {
    if (decision.outcome !== 'accepted') throw new Error(`A batch that was written is ${decision.outcome}.`);
    return decision;
  });
}
