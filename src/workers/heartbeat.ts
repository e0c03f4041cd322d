import type { ProcessReport } from '../domain/process-report.ts';
import type { Database } from '../ledger/database.ts';
import { forgetProcesses, reportProcess } from '../ledger/processes.ts';
import type { Duty } from './loop.ts';

/** How old what others see of a process is, at most. */
const REPORT_INTERVAL_MS = 5_000;

/** How long a process that vanished without a word can be read of. */
const SILENT_SECONDS_MAX = 86_400;

/** The first report, and then one of so many, looks for processes that vanished long ago. */
const REPORTS_PER_LOOK = 720;

/** Reports of a minute. */
const REPORTS_PER_MINUTE = 60_000 / REPORT_INTERVAL_MS;

export interface Heartbeat extends Duty {
  /** The last word of a process that stops: it is not listed any more. */
  lastWord(): Promise<void>;
}

/** Tells the other processes, and the operator, that this one is there and how it gets on. */
export function createHeartbeat(options: {
  database: Database;
  process: { readonly id: string; readonly role: string; readonly version: string; readonly startedAt: Date };
  /** All requests that were answered so far, and those of them with a 5xx. */
  totals: () => { readonly requests: number; readonly errors: number };
  report: () => Omit<ProcessReport, 'requests' | 'errors'>;
}): Heartbeat {
  const { database, process } = options;
  /** The totals at the reports of the last minute, the oldest first. */
  const minute: { readonly requests: number; readonly errors: number }[] = [{ requests: 0, errors: 0 }];
  let reports = 0;

  return {
    name: 'heartbeat',
    intervalMs: REPORT_INTERVAL_MS,
    async runOnce() {
      const totals = options.totals();
      const [before = totals] = minute;
      const requests = totals.requests - before.requests;
      const errors = totals.errors - before.errors;
      minute.push(totals);
      if (minute.length > REPORTS_PER_MINUTE) minute.shift();
      await reportProcess(database, { ...process, report: { ...options.report(), requests, errors } });
      if (reports % REPORTS_PER_LOOK === 0) await forgetProcesses(database, null, SILENT_SECONDS_MAX);
      reports += 1;
      return { more: false };
    },
    lastWord: () => forgetProcesses(database, process.id, SILENT_SECONDS_MAX),
  };
}
