import { type Queryable, statement } from './statement.ts';

/** An answer as it went out: what a repeat of the request gets again, byte for byte. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; empty for an answer without a body. */
  readonly body: string;
}

/** Who used which key for which operation. */
export interface AnswerKey {
  readonly callerId: string;
  /** Method and route. */
  readonly operation: string;
  readonly idempotencyKey: string;
}

// Claims a key for this transaction. A second claim waits until the first transaction ends: if that committed, it
// gets no row and reads the stored answer; if that rolled back, the claim is free. The answer is filled in before
// COMMIT, so nobody ever sees a claim without one.
const claimAnswer = statement<{ claimed: boolean }>(
  'claim_stored_answer',
  `INSERT INTO stored_answers (caller_id, operation, idempotency_key, fingerprint, status, headers, body)
   VALUES ($1, $2, $3, decode($4, 'hex'), 0, '{}', '')
   ON CONFLICT DO NOTHING
   RETURNING true AS claimed`,
);

const readAnswer = statement<StoredAnswer & { fingerprint: string }>(
  'read_stored_answer',
  `SELECT status, headers, body, encode(fingerprint, 'hex') AS fingerprint
   FROM stored_answers WHERE caller_id = $1 AND operation = $2 AND idempotency_key = $3`,
);

const fillAnswer = statement(
  'fill_stored_answer',
  `UPDATE stored_answers SET status = $4, headers = $5, body = $6
   WHERE caller_id = $1 AND operation = $2 AND idempotency_key = $3`,
);

const shortLockTimeout = statement('answer_claim_lock_timeout', `SET LOCAL lock_timeout = '2s'`);
const usualLockTimeout = statement('answer_work_lock_timeout', `SET LOCAL lock_timeout = '5s'`);

/**
 * Claims a key within a transaction, waiting a bounded moment for a twin. Returns undefined when the claim is ours,
 * else what the key was used for. Fails with SQLSTATE 55P03 when the twin is still under way.
 */
export async function claimKey(
  db: Queryable,
  key: AnswerKey,
  fingerprint: string,
): Promise<{ answer: StoredAnswer; fingerprint: string } | undefined> {
  const place = [key.callerId, key.operation, key.idempotencyKey];
  await db.query(shortLockTimeout);
  const [claimed] = await db.query(claimAnswer, [...place, fingerprint]);
  await db.query(usualLockTimeout);
  if (claimed !== undefined) return undefined;
  const [row] = await db.query(readAnswer, place);
  if (row === undefined) throw new Error('A key was claimed by nobody.');
  const { status, headers, body } = row;
  return { answer: { status, headers, body }, fingerprint: row.fingerprint };
}

/** Keeps the answer to a claimed key. */
export async function fillClaim(db: Queryable, key: AnswerKey, answer: StoredAnswer): Promise<void> {
  const { status, headers, body } = answer;
  await db.query(fillAnswer, [key.callerId, key.operation, key.idempotencyKey, status, headers, body]);
}
