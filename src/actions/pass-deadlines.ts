import type { Deadline } from '../domain/pass-deadline.ts';
import type { Database } from '../ledger/database.ts';
import { listOverdueOrders } from '../ledger/overdue-orders.ts';
import type { BatchFailure } from './commit-batch.ts';
import type { StepOutcome } from './decide-steps.ts';
import { commitSteps } from './step-orders.ts';

/** Bounds the time that one transaction keeps the locks of a sale's items. */
const OVERDUE_BATCH_MAX = 500;

/** A batch of the sweeper is tried for this long, and the next run tries again. */
const SETTLE_MS = 2_000;

/** What one run came to. */
export interface PassedDeadlines {
  /** Orders that were changed. */
  readonly passed: number;
  /** Why orders that are overdue could not be changed. */
  readonly failures: readonly BatchFailure[];
  /** Whether more may wait. */
  readonly more: boolean;
}

/**
 * Carries out what a deadline brings for the orders that are over it (unpaid ones expire, unaccepted ones are
 * rejected), once: any number of processes may do this at the same time. An order that cannot be written holds up no
 * other.
 */
export async function passDeadlines(database: Database, deadline: Deadline, graceMs = 0): Promise<PassedDeadlines> {
  const orderIds = await listOverdueOrders(database, deadline, OVERDUE_BATCH_MAX, graceMs);
  if (orderIds.length === 0) return { passed: 0, failures: [], more: false };
  const requests = orderIds.map((orderId) => ({ kind: 'deadline' as const, orderId, deadline }));
  const outcomes = await commitSteps(database, requests, SETTLE_MS);
  const passed = outcomes.filter(({ outcome }) => outcome === 'stepped').length;
  const failures = outcomes.filter(isFailure);
  // Where nothing could be changed, the next run comes after a pause.
  return { passed, failures, more: orderIds.length === OVERDUE_BATCH_MAX && passed > 0 };
}

function isFailure(outcome: StepOutcome | BatchFailure): outcome is BatchFailure {
  return 'error' in outcome;
}
