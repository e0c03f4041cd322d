import type { ProcessReport } from '../domain/process-report.ts';
import { type Queryable, statement } from './statement.ts';

/** A process of the engine, as it last reported. */
export interface ProcessState {
  readonly id: string;
  readonly role: string;
  readonly version: string;
  readonly startedAt: Date;
  /** The database's clock. */
  readonly seenAt: Date;
  readonly report: ProcessReport;
}

/** A process that was silent for this long counts as gone: three reports were missed. */
const SEEN_WITHIN_SECONDS = 15;

// A process writes its own row alone. `seen_at` is the database's clock, so that those of all processes compare.
const write = statement(
  'write_process_report',
  `INSERT INTO processes (id, role, version, started_at, seen_at, report)
   VALUES ($1, $2, $3, $4, clock_timestamp(), $5)
   ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, report = excluded.report`,
);

/** Writes what a process tells of itself. `startedAt` is the process's own clock. */
export async function reportProcess(
  db: Queryable,
  process: Pick<ProcessState, 'id' | 'role' | 'version' | 'startedAt' | 'report'>,
): Promise<void> {
  const { id, role, version, startedAt, report } = process;
  await db.query(write, [id, role, version, startedAt, JSON.stringify(report)]);
}

const list = statement<{
  id: string;
  role: string;
  version: string;
  started_at: Date;
  seen_at: Date;
  report: ProcessReport;
}>(
  'list_processes',
  `SELECT id, role, version, started_at, seen_at, report FROM processes
   WHERE seen_at > clock_timestamp() - make_interval(secs => $1)
   ORDER BY started_at, id`,
);

/** The processes that are there, the oldest first. One that was killed is listed for 15 s longer. */
export async function listProcesses(db: Queryable): Promise<ProcessState[]> {
  const rows = await db.query(list, [SEEN_WITHIN_SECONDS]);
  return rows.map(({ id, role, version, started_at, seen_at, report }) => ({
    id,
    role,
    version,
    startedAt: started_at,
    seenAt: seen_at,
    report,
  }));
}

// Deleting what is there no more is right however many do it at once: each row goes once, and a process that was only
// silent writes its row anew.
const forget = statement(
  'forget_processes',
  `DELETE FROM processes WHERE id = $1 OR seen_at < clock_timestamp() - make_interval(secs => $2)`,
);

/** Forgets a process that stops, and such as were silent for so long. */
export async function forgetProcesses(db: Queryable, stoppingId: string | null, silentSeconds: number): Promise<void> {
  await db.query(forget, [stoppingId, silentSeconds]);
}
