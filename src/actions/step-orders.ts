import { randomUUIDv7 } from 'node:crypto';
import type { Database } from '../ledger/database.ts';
import { ORDER_STEPPED_ONCE, writeSteps } from '../ledger/order-steps.ts';
import type { Tracing } from '../operations/tracing.ts';
import type { NotTaken } from './batch-queue.ts';
import { type BatchFailure, commitBatch } from './commit-batch.ts';
import { decideSteps, type StepOutcome, type StepRequest } from './decide-steps.ts';
import { createTracedBatchQueue } from './traced-batch-queue.ts';

/** How a step ended. */
export type SteppedOrNot = StepOutcome | BatchFailure | NotTaken;

/** The one way by which an order changes after it was placed. */
export interface StepOrders {
  (request: StepRequest): Promise<SteppedOrNot>;
  /** Takes no more and resolves when all that was taken is answered. */
  close(): Promise<void>;
}

/** Bounds the time that one transaction keeps the locks of hot items. */
const BATCH_SIZE_MAX = 200;

/** Decides some steps and writes those that happen, in one transaction (see `commitBatch`). */
export function commitSteps(
  database: Pick<Database, 'connect'>,
  requests: readonly StepRequest[],
  settleMs: number,
): Promise<readonly (StepOutcome | BatchFailure)[]> {
  return commitBatch(database, requests, {
    decide: async (connection, batch) => {
      const { outcomes, steps } = await decideSteps(connection, batch, randomUUIDv7);
      return { outcomes, write: steps.length === 0 ? null : () => writeSteps(connection, steps, randomUUIDv7) };
    },
    repeatKey: ORDER_STEPPED_ONCE,
    settleMs,
  });
}

/**
 * Steps of orders are decided and committed in groups, as orders are placed: those that arrive while a commit is under
 * way are taken together by the next one.
 */
export function createStepOrders(options: {
  /** Pipelining connections: one batch at a time. */
  database: Database;
  waitingMax: number;
  deadlineMs: number;
  tracing?: Tracing;
}): StepOrders {
  const { database, waitingMax, deadlineMs, tracing } = options;
  const queue = createTracedBatchQueue<StepRequest, StepOutcome | BatchFailure>({
    tracing,
    name: 'commit order steps',
    attributes: { 'db.system.name': 'postgresql' },
    run: (requests) => commitSteps(database, requests, deadlineMs),
    batchSizeMax: BATCH_SIZE_MAX,
    waitingMax,
    deadlineMs,
    concurrency: 1,
  });
  return Object.assign((request: StepRequest) => queue.submit(request), { close: queue.close });
}
