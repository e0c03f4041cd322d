import { setTimeout as pause } from 'node:timers/promises';
import { type Connection, type Database, rollBack } from '../ledger/database.ts';
import { faultOf, violatedUniqueKey } from '../ledger/database-error.ts';
import { planByKeys } from '../ledger/plan-by-keys.ts';

/** Why a request of a batch has no outcome of its own. */
export type BatchFailure =
  /** This request's data cannot be written; it was found by splitting its batch. No effect. */
  | { readonly outcome: 'poisoned'; readonly error: unknown }
  /** The ledger cannot be reached or failed. No effect. */
  | { readonly outcome: 'unavailable'; readonly error: unknown }
  /** The connection was lost around COMMIT and the ledger did not come back in time to tell. */
  | { readonly outcome: 'unknown'; readonly error: unknown };

/** A batch that was decided: one outcome for each request, and what is to be written, if anything. */
export interface DecidedBatch<Outcome> {
  readonly outcomes: readonly Outcome[];
  readonly write: (() => Promise<unknown>) | null;
  /** Called when what was written is durable. */
  readonly committed?: () => void;
}

type BatchResult<Outcome> =
  | { readonly kind: 'decided'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'failed'; readonly error: unknown; readonly perhapsCommitted: boolean };

/** Between tries to reach a ledger that broke the connection. */
const RECONNECT_PAUSE_MS = 100;

/** How often a batch that met deadlocks, lock time-outs or repeats that appeared meanwhile is decided again. */
const ATTEMPTS_MAX = 5;

/**
 * Decides a batch and writes what it accepts, in one transaction: all of it commits, or nothing.
 *
 * - Serialization failure, deadlock, lock time-out, a key that was used meanwhile (`repeatKey`): the whole batch again.
 * - Connection lost: the outcome of a COMMIT may be unknown, so the same batch, with the same ids and keys, runs
 *   again; the repeat check after the locks tells. Until `settleMs` are over nothing is answered.
 * - Data that cannot be written, or a defect in deciding one of the requests: the batch is split until the culprit
 *   stands alone.
 * - Anything else fails the batch without effect.
 *
 * `decide` issues its first statements before its first wait: they share a round trip with BEGIN. So does `write` with
 * COMMIT. What both read and write has its key in hand.
 */
export async function commitBatch<Request, Outcome>(
  database: Pick<Database, 'connect'>,
  requests: readonly Request[],
  batch: {
    readonly decide: (connection: Connection, requests: readonly Request[]) => Promise<DecidedBatch<Outcome>>;
    readonly repeatKey: string;
    readonly settleMs: number;
    /** It was tried before, in a way that may have written it. */
    readonly perhapsCommitted?: boolean;
  },
): Promise<readonly (Outcome | BatchFailure)[]> {
  const giveUpAt = performance.now() + batch.settleMs;
  let { perhapsCommitted = false } = batch;
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryBatch(database, requests, batch.decide);
    if (result.kind === 'decided') return result.outcomes;
    perhapsCommitted ||= result.perhapsCommitted;
    const { error } = result;

    const fault = violatedUniqueKey(error) === batch.repeatKey ? 'retryable' : faultOf(error);
    const outOfTime = performance.now() >= giveUpAt;
    if (fault === 'bad-data' || fault === 'not-database') return splitBatch(database, requests, batch, error);
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
async function splitBatch<Request, Outcome>(
  database: Pick<Database, 'connect'>,
  requests: readonly Request[],
  batch: Parameters<typeof commitBatch<Request, Outcome>>[2],
  error: unknown,
): Promise<readonly (Outcome | BatchFailure)[]> {
  if (requests.length === 1) return [{ outcome: 'poisoned', error }];
  const middle = Math.ceil(requests.length / 2);
  const first = await commitBatch(database, requests.slice(0, middle), batch);
  const second = await commitBatch(database, requests.slice(middle), batch);
  return [...first, ...second];
}

/** Runs one batch in one transaction: two round trips where nothing more must be read. */
async function tryBatch<Request, Outcome>(
  database: Pick<Database, 'connect'>,
  requests: readonly Request[],
  decide: (connection: Connection, requests: readonly Request[]) => Promise<DecidedBatch<Outcome>>,
): Promise<BatchResult<Outcome>> {
  let connection: Connection;
  try {
    connection = await database.connect();
  } catch (error) {
    return { kind: 'failed', error, perhapsCommitted: false };
  }

  let commitSent = false;
  let broken = false;
  try {
    const [, , { outcomes, write, committed }] = await connection.together(() =>
      Promise.all([connection.execute('BEGIN'), planByKeys(connection), decide(connection, requests)]),
    );
    if (write === null) {
      await connection.execute('ROLLBACK');
    } else {
      commitSent = true;
      // A write that fails turns the COMMIT into a rollback, and its error arrives first.
      const [, ended] = await connection.together(() => Promise.all([write(), connection.execute('COMMIT')]));
      if (ended.command !== 'COMMIT') {
        throw new Error(`The batch ended with ${ended.command} instead of COMMIT.`);
      }
      committed?.();
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
