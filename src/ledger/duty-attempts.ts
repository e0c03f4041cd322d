import { type Queryable, statement } from './statement.ts';

/** One try of a duty (a webhook delivery, a notification, a payment job). */
export interface DutyAttempt {
  /** The duty's own number of the try. Tries that only asked again are left out, so there may be gaps. */
  readonly number: number;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** The receiver's HTTP status, if there was an answer. */
  readonly status: number | null;
  /** Null where it succeeded. */
  readonly error: string | null;
  /** The beginning of the receiver's answer. */
  readonly response: string | null;
}

// A try has a number of its own, which its owner got by taking the duty; the same one is told of once.
const insert = statement(
  'insert_duty_attempt',
  `INSERT INTO duty_attempts (duty_id, number, started_at, duration_ms, status, error, response)
   VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT DO NOTHING`,
);

/** Keeps a try of a duty. Call it in the transaction that says what becomes of the duty. */
export async function recordAttempt(db: Queryable, attempt: DutyAttempt & { readonly dutyId: string }): Promise<void> {
  const { dutyId, number, startedAt, durationMs, status, error, response } = attempt;
  const text = [error, response].map((each) => each?.replaceAll('\0', '\uFFFD') ?? null);
  await db.query(insert, [dutyId, number, startedAt, Math.round(durationMs), status, ...text]);
}

const list = statement<{
  number: number;
  started_at: Date;
  duration_ms: number;
  status: number | null;
  error: string | null;
  response: string | null;
}>(
  'list_duty_attempts',
  `SELECT number, started_at, duration_ms, status, error, response
   FROM duty_attempts WHERE duty_id = $1 ORDER BY number DESC LIMIT $2`,
);

/** More than a duty makes between two redrives. */
const SHOWN_MAX = 500;

/** The tries of a duty in turn; of very many the last. */
export async function listAttempts(db: Queryable, dutyId: string): Promise<DutyAttempt[]> {
  const rows = await db.query(list, [dutyId, SHOWN_MAX]);
  return rows
    .map(({ number, started_at, duration_ms, status, error, response }) => ({
      number,
      startedAt: started_at,
      durationMs: duration_ms,
      status,
      error,
      response,
    }))
    .reverse();
}
