import { type LetterFilter, letterCondition, letterConditionValues } from './dead-letters.ts';
import { ID_MAX } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

export const REDRIVE_STATUSES = ['running', 'done', 'cancelled'] as const;

export type RedriveStatus = (typeof REDRIVE_STATUSES)[number];

/** A redrive of many dead letters. */
export interface Redrive {
  readonly id: string;
  readonly filter: LetterFilter;
  readonly perSecond: number;
  readonly status: RedriveStatus;
  /** Letters that it was to redrive when it was made. */
  readonly matched: number;
  /** Letters that it has redriven. Whether their duties succeeded stands in the letters. */
  readonly redriven: number;
  /** Letters that still wait for it; of one that was cancelled, those that it had left. */
  readonly left: number;
  readonly requestedBy: string;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

interface RedriveRow {
  id: string;
  filter: LetterFilter;
  per_second: number;
  status: RedriveStatus;
  matched: number;
  redriven: number;
  requested_by: string;
  created_at: Date;
  ended_at: Date | null;
}

const COLUMNS = 'id, filter, per_second, status, matched, redriven, requested_by, created_at, ended_at';

// One runs at a time: the unique index lets one in, and of two at once the second waits for the first and gets no row.
const insert = statement<RedriveRow>(
  'insert_redrive',
  `INSERT INTO redrives (id, filter, per_second, status, matched, paced_at, requested_by, created_at)
   SELECT $1, $2, $3, 'running', (SELECT count(*) FROM dead_letters WHERE status = 'dead' AND ${letterCondition(5)}),
          clock.now, $4, clock.now
   FROM (SELECT clock_timestamp() AS now) AS clock
   ON CONFLICT ((true)) WHERE status = 'running' DO NOTHING
   RETURNING ${COLUMNS}`,
);

/** Begins a redrive; undefined while another one runs. */
export async function insertRedrive(
  db: Queryable,
  redrive: Pick<Redrive, 'id' | 'filter' | 'perSecond' | 'requestedBy'>,
): Promise<Redrive | undefined> {
  const { id, filter, perSecond, requestedBy } = redrive;
  const values = [id, JSON.stringify(filter), perSecond, requestedBy, ...letterConditionValues(filter)];
  const [row] = await db.query(insert, values);
  return row && toRedrive(row, row.matched);
}

const readRunning = statement<RedriveRow>(
  'read_running_redrive',
  `SELECT ${COLUMNS} FROM redrives WHERE status = 'running'`,
);

export async function findRunningRedrive(db: Queryable): Promise<Redrive | undefined> {
  const [row] = await db.query(readRunning);
  return row && withLeft(db, row);
}

const read = statement<RedriveRow>('read_redrive', `SELECT ${COLUMNS} FROM redrives WHERE id = $1`);

export async function findRedrive(db: Queryable, redriveId: string): Promise<Redrive | undefined> {
  const [row] = await db.query(read, [redriveId]);
  return row && withLeft(db, row);
}

const list = statement<RedriveRow>(
  'list_redrives',
  `SELECT ${COLUMNS} FROM redrives WHERE id < $1 ORDER BY id DESC LIMIT $2`,
);

/** Redrives, newest first, before an id. */
export async function listRedrives(db: Queryable, beforeId: string | undefined, limit: number): Promise<Redrive[]> {
  const rows = await db.query(list, [beforeId ?? ID_MAX, limit]);
  return Promise.all(rows.map((row) => withLeft(db, row)));
}

// The row's lock: what is being redriven at this moment is counted, and nothing more is begun.
const cancel = statement<RedriveRow>(
  'cancel_redrive',
  `UPDATE redrives SET status = 'cancelled', ended_at = clock_timestamp()
   WHERE id = $1 AND status = 'running'
   RETURNING ${COLUMNS}`,
);

/** Ends a redrive that runs; undefined when it does not. */
export async function cancelRedrive(db: Queryable, redriveId: string): Promise<Redrive | undefined> {
  const [row] = await db.query(cancel, [redriveId]);
  return row && withLeft(db, row);
}

/** What a running redrive may do now. */
export interface Pace {
  readonly id: string;
  readonly filter: LetterFilter;
  /** Letters that its rate allows by now. */
  readonly allowed: number;
}

// Whoever has the row's lock carries the redrive on; the others pass by. What was not used counts for a quarter of a
// second (or one letter), so that a redrive which nobody carried on for a while does not catch up all at once.
const lockRunning = statement<{ id: string; filter: LetterFilter; allowed: number }>(
  'lock_running_redrive',
  `SELECT id, filter,
          floor(least(extract(epoch FROM clock_timestamp() - paced_at) * per_second,
                      greatest(per_second / 4.0, 1)))::int AS allowed
   FROM redrives WHERE status = 'running' FOR NO KEY UPDATE SKIP LOCKED`,
);

/** Locks the redrive that runs, unless another process is at it. */
export async function lockRunningRedrive(transaction: Queryable): Promise<Pace | undefined> {
  const [row] = await transaction.query(lockRunning);
  return row;
}

const advance = statement(
  'advance_redrive',
  `UPDATE redrives
   SET redriven = redriven + $2,
       paced_at = greatest(paced_at, clock_timestamp() - greatest(1.0 / per_second, 0.25) * interval '1 second')
                  + ($2::float8 / per_second) * interval '1 second',
       status = CASE WHEN $3 THEN 'done' ELSE status END,
       ended_at = CASE WHEN $3 THEN clock_timestamp() END
   WHERE id = $1`,
);

/** Notes that a locked redrive has redriven so many letters more, and whether none is left. */
export async function advanceRedrive(
  transaction: Queryable,
  redriveId: string,
  redriven: number,
  done: boolean,
): Promise<void> {
  await transaction.query(advance, [redriveId, redriven, done]);
}

const countLeft = statement<{ letters: number }>(
  'count_letters_of_redrive',
  `SELECT count(*)::int AS letters FROM dead_letters
   WHERE status = 'dead' AND died_at < (SELECT created_at FROM redrives WHERE id = $1) AND ${letterCondition(2)}`,
);

async function withLeft(db: Queryable, row: RedriveRow): Promise<Redrive> {
  if (row.status === 'done') return toRedrive(row, 0);
  if (row.status === 'cancelled') return toRedrive(row, Math.max(0, row.matched - row.redriven));
  const [counted] = await db.query(countLeft, [row.id, ...letterConditionValues(row.filter)]);
  return toRedrive(row, counted?.letters ?? 0);
}

function toRedrive(row: RedriveRow, left: number): Redrive {
  return {
    id: row.id,
    filter: row.filter,
    perSecond: row.per_second,
    status: row.status,
    matched: row.matched,
    redriven: row.redriven,
    left,
    requestedBy: row.requested_by,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}
