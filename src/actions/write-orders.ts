import { setTimeout as pause } from 'node:timers/promises';
import type { Decision, Placement } from '../domain/stock.ts';
import { type Connection, type Database, rollBack } from '../ledger/database.ts';
import { faultOf, violatedUniqueKey } from '../ledger/database-error.ts';
import { ORDERS_PLACED_ONCE } from '../ledger/orders.ts';
import { insertPlacedOrders, type PlacedOrder, type PlacedOrderLine } from '../ledger/placed-orders.ts';
import { decideUnderLock, type PlaceOrderRequest, type Repeat } from './decide-placing.ts';

/** How the ledger answered one request of a batch. */
export type WrittenOutcome =
  | Decision
  | Repeat
  /** This request's data cannot be written; it was found by splitting its batch. No effect. */
  | { readonly outcome: 'poisoned'; readonly error: unknown }
  /** The ledger cannot be reached or failed. No effect. */
  | { readonly outcome: 'unavailable'; readonly error: unknown }
  /** The connection was lost around COMMIT and the ledger did not come back in time to tell. */
  | { readonly outcome: 'unknown'; readonly error: unknown };

type BatchResult =
  | { readonly kind: 'decided'; readonly outcomes: readonly WrittenOutcome[] }
  | { readonly kind: 'failed'; readonly error: unknown; readonly perhapsCommitted: boolean };

interface Accepted {
  readonly request: PlaceOrderRequest;
  readonly placement: Placement;
}

/** Between tries to reach a ledger that broke the connection. */
const RECONNECT_PAUSE_MS = 100;

/** How often a batch that met deadlocks, lock time-outs or repeats that appeared meanwhile is decided again. */
const ATTEMPTS_MAX = 5;

/**
 * Decides a batch and writes what it accepts, in one transaction: all of it commits, or nothing.
 *
 * - Serialization failure, deadlock, lock time-out, a key that got its order meanwhile: the whole batch again.
 * - Connection lost: the outcome of a COMMIT may be unknown, so the same batch, with the same ids and keys, runs
 *   again; the repeat check after the locks tells. Until `settleMs` are over nothing is answered.
 * - Data that cannot be written: the batch is split until the culprit stands alone.
 * - Anything else fails the batch without effect.
 */
export async function writeOrders(
  database: Pick<Database, 'connect'>,
  requests: readonly PlaceOrderRequest[],
  settleMs: number,
): Promise<readonly WrittenOutcome[]> {
  const giveUpAt = performance.now() + settleMs;
  let perhapsCommitted = false;
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryBatch(database, requests);
    if (result.kind === 'decided') return result.outcomes;
    perhapsCommitted ||= result.perhapsCommitted;
    const { error } = result;

    const fault = violatedUniqueKey(error) === ORDERS_PLACED_ONCE ? 'retryable' : faultOf(error);
    const outOfTime = performance.now() >= giveUpAt;
    if (fault === 'bad-data') return splitBatch(database, requests, settleMs, error);
    if (fault === 'retryable' && attempt < ATTEMPTS_MAX && !outOfTime) continue;
    if (fault === 'connection-lost' && !outOfTime) {
      await pause(Math.min(RECONNECT_PAUSE_MS, giveUpAt - performance.now()));
      continue;
    }
    const outcome = perhapsCommitted ? 'unknown' : 'unavailable';
    return requests.map(() => ({ outcome, error }));
  }
}

/** Halves a batch until the request that cannot be written stands alone; the others keep their order. */
async function splitBatch(
  database: Pick<Database, 'connect'>,
  requests: readonly PlaceOrderRequest[],
  settleMs: number,
  error: unknown,
): Promise<readonly WrittenOutcome[]> {
  if (requests.length === 1) return [{ outcome: 'poisoned', error }];
  const middle = Math.ceil(requests.length / 2);
  const first = await writeOrders(database, requests.slice(0, middle), settleMs);
  const second = await writeOrders(database, requests.slice(middle), settleMs);
  return [...first, ...second];
}

/** Runs one batch in one transaction: two round trips, the first for locks and facts, the second to write. */
async function tryBatch(
  database: Pick<Database, 'connect'>,
  requests: readonly PlaceOrderRequest[],
): Promise<BatchResult> {
  let connection: Connection;
  try {
    connection = await database.connect();
  } catch (error) {
    return { kind: 'failed', error, perhapsCommitted: false };
  }

  let commitSent = false;
  let broken = false;
  try {
    const [, outcomes] = await connection.together(() =>
      Promise.all([connection.execute('BEGIN'), decideUnderLock(connection, requests)]),
    );
    const accepted = requests.flatMap((request, index): Accepted[] => {
      const placement = outcomes[index];
      return placement?.outcome === 'accepted' ? [{ request, placement }] : [];
    });
    if (accepted.length === 0) {
      await connection.execute('ROLLBACK');
    } else {
      commitSent = true;
      await writeAndCommit(connection, accepted);
    }
    return { kind: 'decided', outcomes };
  } catch (error) {
    const lost = faultOf(error) === 'connection-lost';
    broken = lost || !(await rollBack(connection));
    return { kind: 'failed', error, perhapsCommitted: commitSent && lost };
  } finally {
    connection.release(broken);
  }
}

/**
 * Sends the writes and the COMMIT together. A write that fails turns the COMMIT into a rollback, and its error arrives
 * first.
 */
async function writeAndCommit(connection: Connection, accepted: readonly Accepted[]): Promise<void> {
  const [first] = accepted;
  if (first === undefined) return;
  const orders = accepted.map(toPlacedOrder);
  const lines = accepted.flatMap(toPlacedLines);
  const [, committed] = await connection.together(() =>
    Promise.all([
      insertPlacedOrders(connection, first.placement.placedAt, orders, lines),
      connection.execute('COMMIT'),
    ]),
  );
  if (committed.command !== 'COMMIT') throw new Error(`The batch ended with ${committed.command} instead of COMMIT.`);
}

function toPlacedOrder({ request, placement }: Accepted): PlacedOrder {
  const { orderId, saleId, customerId, placedBy, fingerprint, idempotencyKey, reference, metadata, requestId } =
    request;
  const { payBy, arrival, totalMinor, status } = placement;
  return {
    id: orderId,
    saleId,
    customerId,
    placedBy,
    payBy,
    arrival,
    totalMinor,
    status,
    fingerprint,
    idempotencyKey,
    reference,
    metadata,
    requestId,
  };
}

function toPlacedLines({ request, placement }: Accepted): PlacedOrderLine[] {
  const held = placement.status === 'pending_payment';
  return placement.lines.map(({ itemId, name, quantity, unitPriceMinor, limited }, position) => ({
    orderId: request.orderId,
    customerId: request.customerId,
    itemId,
    unitPriceMinor,
    position,
    quantity,
    held: held ? quantity : 0,
    sold: held ? 0 : quantity,
    limited,
    name,
  }));
}
