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
// COMMIT, so nobody ever sees a claim without one. An answer whose retention is over is taken over as if it were not
// there, swept or not; of two who find it so, the second waits for the row and then finds it young. One that is kept
// stays locked until the transaction ends, so that it is there to be read.
const claimAnswer = statement<{ claimed: boolean }>(
  'claim_stored_answer',
  `INSERT INTO stored_answers (caller_id, operation, idempotency_key, fingerprint, status, headers, body)
   VALUES ($1, $2, $3, decode($4, 'hex'), 0, '{}', '')
   ON CONFLICT (caller_id, operation, idempotency_key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers, body = excluded.body,
       created_at = excluded.created_at
   WHERE stored_answers.created_at <= now() - make_interval(secs => $5)
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
 * else what the key was used for in the last `retentionSeconds`. Fails with SQLSTATE 55P03 when the twin is still under
 * way.
 */
export async function claimKey(
  db: Queryable,
  key: AnswerKey,
  fingerprint: string,
  retentionSeconds: number,
): Promise<{ answer: StoredAnswer; fingerprint: string } | undefined> {
  const place = [key.callerId, key.operation, key.idempotencyKey];
  await db.query(shortLockTimeout);
  const [claimed] = await db.query(claimAnswer, [...place, fingerprint, retentionSeconds]);
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

// In batches, oldest first by the index on age. SKIP LOCKED: a claim under way takes the row over or reads it; the next
// round looks again. The age is checked on the locked row.
const deleteOld = statement<{ deleted: number }>(
  'delete_old_answers',
  `WITH old AS MATERIALIZED (
     SELECT caller_id, operation, idempotency_key FROM stored_answers
     WHERE created_at <= now() - make_interval(secs => $1)
     ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
   ), deleted AS (
     DELETE FROM stored_answers USING old
     WHERE stored_answers.caller_id = old.caller_id AND stored_answers.operation = old.operation
       AND stored_answers.idempotency_key = old.idempotency_key
     RETURNING 1
   )
   SELECT count(*)::int AS deleted FROM deleted`,
);

/** Deletes at most `limit` answers whose retention is over; how many it was. */
export async function deleteOldAnswers(db: Queryable, retentionSeconds: number, limit: number): Promise<number> {
  const [row] = await db.query(deleteOld, [retentionSeconds, limit]);
  return row?.deleted ?? 0;
}

// An answer that shows somebody names the id as well. Those to an erasure say nothing more than the id. Status 0 is the
// claim of the transaction itself.
const deleteAbout = statement(
  'delete_answers_about',
  `DELETE FROM stored_answers
   WHERE position($1::uuid::text IN body) > 0 AND status <> 0 AND operation !~ '/(erasure|customer-erasures)$'`,
);

/** Deletes the answers in which an account or a shop's customer appears, whoever got them. */
export async function deleteAnswersAbout(db: Queryable, personId: string): Promise<void> {
  await db.query(deleteAbout, [personId]);
}
