import { randomUUIDv7 } from 'node:crypto';
import { arrayLiteral } from './array-literal.ts';
import { ID_MAX } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

/** The kinds of duties that can die. */
export const DEAD_LETTER_KINDS = ['webhook', 'notification', 'settle', 'capture', 'cancel', 'refund'] as const;

export type DeadLetterKind = (typeof DEAD_LETTER_KINDS)[number];

/**
 * A kind that is redriven on request only: a refund that was refused is asked for by a new one, and by then somebody may
 * have given the money back in another way.
 */
export const NEVER_BY_ITSELF: DeadLetterKind = 'refund';

export const DEAD_LETTER_STATUSES = ['dead', 'redriving', 'resolved', 'discarded'] as const;

export type DeadLetterStatus = (typeof DEAD_LETTER_STATUSES)[number];

/** A duty that is given up. */
export interface BuriedDuty {
  readonly kind: DeadLetterKind;
  readonly dutyId: string;
  readonly merchantId: string | null;
  readonly orderId: string | null;
  readonly endpointId: string | null;
  /** What its last try came to. */
  readonly error: string;
  /** How often it was tried altogether. */
  readonly attempts: number;
}

// One letter per duty. The duty's row is locked by the update that ends it, and whoever revives the duty held the
// letter's lock until it was due again, so nobody can be at the letter.
const buryDuty = statement(
  'bury_duty',
  `INSERT INTO dead_letters (id, kind, duty_id, merchant_id, order_id, endpoint_id, status, error, attempts, died_at)
   VALUES ($1, $2, $3, $4, $5, $6, 'dead', $7, $8, clock_timestamp())
   ON CONFLICT (duty_id) DO UPDATE
   SET status = 'dead', error = excluded.error, attempts = excluded.attempts, died_at = excluded.died_at,
       ended_at = NULL`,
);

/** Makes the dead letter of a duty, or turns it back to dead. Call it in the transaction that ends the duty. */
export async function bury(db: Queryable, duty: BuriedDuty): Promise<void> {
  const { kind, dutyId, merchantId, orderId, endpointId, error, attempts } = duty;
  const text = error.replaceAll('\0', '\uFFFD');
  await db.query(buryDuty, [randomUUIDv7(), kind, dutyId, merchantId, orderId, endpointId, text, attempts]);
}

/** The end of a statement that ends duties well in a CTE named `ended`: resolves the letters of those that had died. */
export const RESOLVE_LETTERS_OF_ENDED = `
  UPDATE dead_letters SET status = 'resolved', ended_at = clock_timestamp()
  FROM ended WHERE dead_letters.duty_id = ended.id AND dead_letters.status IN ('dead', 'redriving')`;

const resolve = statement(
  'resolve_dead_letter',
  `UPDATE dead_letters SET status = 'resolved', ended_at = clock_timestamp()
   WHERE duty_id = $1 AND status IN ('dead', 'redriving')`,
);

/** The duty succeeded after all; nothing happens if it had no letter. Call it in the transaction that ends it. */
export async function resolveLetter(db: Queryable, dutyId: string): Promise<void> {
  await db.query(resolve, [dutyId]);
}

const count = statement<{ kind: DeadLetterKind; letters: number }>(
  'count_dead_letters',
  `SELECT kind, count(*)::int AS letters FROM dead_letters WHERE status = 'dead' GROUP BY kind ORDER BY kind`,
);

/** Dead letters that wait, by kind; kinds without any are left out. */
export function countDeadLetters(db: Queryable): Promise<{ kind: DeadLetterKind; letters: number }[]> {
  return db.query(count);
}

export interface DeadLetter extends BuriedDuty {
  readonly id: string;
  readonly status: DeadLetterStatus;
  /** How often it was redriven, and how often of these by the engine itself. */
  readonly redrives: number;
  readonly automaticRedrives: number;
  readonly diedAt: Date;
  /** Null while it is dead or redriven. */
  readonly endedAt: Date | null;
}

interface LetterRow {
  id: string;
  kind: DeadLetterKind;
  duty_id: string;
  merchant_id: string | null;
  order_id: string | null;
  endpoint_id: string | null;
  status: DeadLetterStatus;
  error: string;
  attempts: number;
  redrives: number;
  automatic_redrives: number;
  died_at: Date;
  ended_at: Date | null;
}

const COLUMNS = `id, kind, duty_id, merchant_id, order_id, endpoint_id, status, error, attempts, redrives,
  automatic_redrives, died_at, ended_at`;

const toLetter = (row: LetterRow): DeadLetter => ({
  id: row.id,
  kind: row.kind,
  dutyId: row.duty_id,
  merchantId: row.merchant_id,
  orderId: row.order_id,
  endpointId: row.endpoint_id,
  status: row.status,
  error: row.error,
  attempts: row.attempts,
  redrives: row.redrives,
  automaticRedrives: row.automatic_redrives,
  diedAt: row.died_at,
  endedAt: row.ended_at,
});

/** Which letters are meant; what is left out is not asked for. */
export interface LetterFilter {
  readonly kind?: DeadLetterKind | undefined;
  readonly merchantId?: string | undefined;
  readonly orderId?: string | undefined;
  readonly endpointId?: string | undefined;
}

/** The condition of a filter whose four values are the parameters from `first` on. */
export function letterCondition(first: number): string {
  const [kind, merchant, order, endpoint] = [first, first + 1, first + 2, first + 3];
  return `($${kind}::text IS NULL OR kind = $${kind}) AND ($${merchant}::uuid IS NULL OR merchant_id = $${merchant})
     AND ($${order}::uuid IS NULL OR order_id = $${order}) AND ($${endpoint}::uuid IS NULL OR endpoint_id = $${endpoint})`;
}

/** The values for `letterCondition`. */
export function letterConditionValues({ kind, merchantId, orderId, endpointId }: LetterFilter): readonly unknown[] {
  return [kind, merchantId, orderId, endpointId];
}

const list = statement<LetterRow>(
  'list_dead_letters',
  `SELECT ${COLUMNS} FROM dead_letters
   WHERE status = $1 AND id < $2 AND ${letterCondition(4)}
   ORDER BY id DESC LIMIT $3`,
);

/** Letters in a status, those that died last for the first time first, before an id. */
export async function listDeadLetters(
  db: Queryable,
  filter: LetterFilter & { readonly status: DeadLetterStatus },
  beforeId: string | undefined,
  limit: number,
): Promise<DeadLetter[]> {
  const rows = await db.query(list, [filter.status, beforeId ?? ID_MAX, limit, ...letterConditionValues(filter)]);
  return rows.map(toLetter);
}

const read = statement<LetterRow>('read_dead_letter', `SELECT ${COLUMNS} FROM dead_letters WHERE id = $1`);

export async function findDeadLetter(db: Queryable, letterId: string): Promise<DeadLetter | undefined> {
  const [row] = await db.query(read, [letterId]);
  return row && toLetter(row);
}

const lock = statement<LetterRow>(
  'lock_dead_letter',
  `SELECT ${COLUMNS} FROM dead_letters WHERE id = $1 FOR NO KEY UPDATE`,
);

/** A letter, locked until the transaction ends: of many who want to redrive it one sees it dead. */
export async function lockDeadLetter(transaction: Queryable, letterId: string): Promise<DeadLetter | undefined> {
  const [row] = await transaction.query(lock, [letterId]);
  return row && toLetter(row);
}

/** A locked letter that is dead. */
export type LockedLetter = Pick<DeadLetter, 'id' | 'kind' | 'dutyId'>;

interface LockedRow {
  id: string;
  kind: DeadLetterKind;
  duty_id: string;
}

const toLocked = ({ id, kind, duty_id }: LockedRow): LockedLetter => ({ id, kind, dutyId: duty_id });

// In the order of their ids, as everybody locks several rows. No SKIP LOCKED: a letter that somebody is about to
// redrive is waited for, so that none is left out if he does not.
const lockOfRedrive = statement<LockedRow>(
  'lock_dead_letters_of_redrive',
  `SELECT id, kind, duty_id FROM dead_letters
   WHERE status = 'dead' AND died_at < (SELECT created_at FROM redrives WHERE id = $1) AND ${letterCondition(3)}
   ORDER BY id LIMIT $2 FOR NO KEY UPDATE`,
);

/** Locks the next dead letters of a redrive, oldest first: those that died before it was made. */
export async function lockLettersOfRedrive(
  transaction: Queryable,
  redrive: { readonly id: string; readonly filter: LetterFilter },
  limit: number,
): Promise<LockedLetter[]> {
  const rows = await transaction.query(lockOfRedrive, [redrive.id, limit, ...letterConditionValues(redrive.filter)]);
  return rows.map(toLocked);
}

// The n-th automatic redrive comes so long after the n-th death by the schedule. Another process skips what is locked.
const lockScheduled = statement<LockedRow>(
  'lock_scheduled_dead_letters',
  `SELECT id, kind, duty_id
   FROM unnest($1::int[]) WITH ORDINALITY AS planned (seconds, number)
   JOIN dead_letters ON automatic_redrives = number - 1 AND died_at <= now() - seconds * interval '1 second'
   WHERE status = 'dead' AND kind <> '${NEVER_BY_ITSELF}'
   ORDER BY id LIMIT $2 FOR NO KEY UPDATE OF dead_letters SKIP LOCKED`,
);

/**
 * Locks letters that are to be redriven by themselves: after each death as many seconds as the schedule says, as often
 * as it has numbers.
 */
export async function lockScheduledLetters(
  transaction: Queryable,
  schedule: readonly number[],
  limit: number,
): Promise<LockedLetter[]> {
  const rows = await transaction.query(lockScheduled, [arrayLiteral(schedule), limit]);
  return rows.map(toLocked);
}

const redriveLetters = statement(
  'mark_dead_letters_redriving',
  `UPDATE dead_letters
   SET status = 'redriving', redrives = redrives + 1, automatic_redrives = automatic_redrives + $2::int
   WHERE id = ANY ($1::uuid[])`,
);

/** Marks locked letters as tried anew. Their duties are made due in the same transaction. */
export async function markRedriving(
  transaction: Queryable,
  letterIds: readonly string[],
  by: 'person' | 'schedule',
): Promise<void> {
  await transaction.query(redriveLetters, [arrayLiteral(letterIds), by === 'schedule' ? 1 : 0]);
}

const discardLetters = statement(
  'mark_dead_letters_discarded',
  `UPDATE dead_letters SET status = 'discarded', ended_at = clock_timestamp() WHERE id = ANY ($1::uuid[])`,
);

/** Marks locked letters as given up. */
export async function markDiscarded(transaction: Queryable, letterIds: readonly string[]): Promise<void> {
  await transaction.query(discardLetters, [arrayLiteral(letterIds)]);
}

const redriveOf = statement(
  'mark_dead_letter_of_duty_redriving',
  `UPDATE dead_letters SET status = 'redriving', redrives = redrives + 1 WHERE duty_id = $1 AND status = 'dead'`,
);

/**
 * Marks the dead letter of a duty, if it has one, as tried anew. Call it before the duty is made due, in the same
 * transaction: letters are locked before their duties.
 */
export async function markRedrivingOf(transaction: Queryable, dutyId: string): Promise<void> {
  await transaction.query(redriveOf, [dutyId]);
}

// In the order of their ids, as everybody locks several letters.
const discardOf = statement(
  'discard_dead_letters_of_endpoint',
  `WITH waiting AS MATERIALIZED (
     SELECT id FROM dead_letters
     WHERE endpoint_id = $1 AND status IN ('dead', 'redriving') ORDER BY id FOR NO KEY UPDATE
   )
   UPDATE dead_letters SET status = 'discarded', ended_at = clock_timestamp()
   FROM waiting WHERE dead_letters.id = waiting.id`,
);

/** Gives up the letters about an endpoint that is deleted in the same transaction. Call it before its deliveries end. */
export async function discardLettersOf(transaction: Queryable, endpointId: string): Promise<void> {
  await transaction.query(discardOf, [endpointId]);
}
