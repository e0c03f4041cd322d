import { createHash } from 'node:crypto';
import type { Database } from '../ledger/database.ts';
import { recordAttempt } from '../ledger/duty-attempts.ts';
import {
  type ClaimedJob,
  changeRefundOf,
  claimJobs,
  failJob,
  finishJob,
  type JobLane,
  postponeJob,
} from '../ledger/payment-jobs.ts';
import { findUnpaidOrder } from '../ledger/payments.ts';
import type { Queryable } from '../ledger/statement.ts';
import { TRACING_OFF, type Tracing } from '../operations/tracing.ts';
import type { PaymentProvider, ProviderPayment } from '../payments/payment-provider.ts';
import type { SystemRequest } from './decide-steps.ts';
import { type PaymentProviders, reportOf } from './payment-report.ts';
import type { StepOrders } from './step-orders.ts';

/** Jobs of each lane that one process does at the same time. They mostly wait for the provider. */
const JOBS_AT_ONCE = 40;
const LANES: readonly JobLane[] = ['ask', 'carry-out'];

/** Between two tries: doubled each time, up to a minute while somebody waits for the outcome, then up to an hour. */
const FIRST_RETRY_MS = 1_000;
const WAITED_FOR_RETRY_MAX_MS = 60_000;
const RETRY_MAX_MS = 3_600_000;

/** After this many tries without any answer (some four days) a job becomes a dead letter. */
const ATTEMPTS_MAX = 100;

/** A provider that answers "not yet" is asked again after a quarter of the time that the job has taken so far. */
const NOT_YET_SHARE = 1 / 4;

/** How a job went. */
type JobResult =
  | { readonly result: 'done' }
  | { readonly result: 'failed'; readonly error: string }
  /** `error` is null where the provider has answered, and there is only more time needed. */
  | { readonly result: 'later'; readonly error: string | null; readonly afterMs?: number };

/** When a try was begun, and how long it took. */
interface Attempted {
  readonly startedAt: Date;
  readonly durationMs: number;
}

/** What an attempt can have come to. */
const SETTLED: readonly ProviderPayment['status'][] = ['authorized', 'captured', 'failed', 'cancelled'];

const DONE: JobResult = { result: 'done' };
const NOT_YET: JobResult = { result: 'later', error: null };

/** Does the due jobs of payments. A provider that hangs on one job does not keep the others from being taken. */
export interface RunPaymentJobs {
  /** Takes as many due jobs as there is room for, and begins them. Tells whether more may be due. */
  take(): Promise<{ readonly more: boolean }>;
  /** Resolves when nothing that was begun is under way any more. */
  settled(): Promise<void>;
}

/**
 * Asks and tells the providers what is due: how an attempt ended, captures, voids, refunds. Any number of processes may
 * do this at once; every call is idempotent at the provider, and its word is taken into the order by the same rules
 * whoever brings it.
 */
export function createRunPaymentJobs(options: {
  database: Database;
  stepOrders: StepOrders;
  providers: PaymentProviders;
  /** Longer than a provider may take to answer, twice. */
  leaseMs: number;
  onFailed: (job: ClaimedJob, error: string) => void;
  /** The ledger did not take in how a job went; it is due again after its lease. */
  onError: (job: ClaimedJob, error: unknown) => void;
  tracing?: Tracing;
}): RunPaymentJobs {
  const { database, stepOrders, providers, leaseMs, tracing = TRACING_OFF } = options;
  const underWay = { ask: new Set<Promise<void>>(), 'carry-out': new Set<Promise<void>>() };

  return {
    async take() {
      const full = await Promise.all(LANES.map(takeLane));
      return { more: full.some(Boolean) };
    },
    async settled() {
      await Promise.all(LANES.flatMap((lane) => [...underWay[lane]]));
    },
  };

  /** Whether there were at least as many jobs as there was room for. */
  async function takeLane(lane: JobLane): Promise<boolean> {
    const room = JOBS_AT_ONCE - underWay[lane].size;
    if (room === 0) return false;
    const jobs = await claimJobs(database, lane, room, leaseMs);
    for (const job of jobs) begin(job, underWay[lane]);
    return jobs.length === room;
  }

  function begin(job: ClaimedJob, lane: Set<Promise<void>>): void {
    const running = run(job)
      .catch((error: unknown) => options.onError(job, error))
      .finally(() => lane.delete(running));
    lane.add(running);
  }

  async function run(job: ClaimedJob): Promise<void> {
    const startedAt = new Date();
    const result = await attemptTraced(job);
    const attempted = { startedAt, durationMs: Date.now() - startedAt.getTime() };
    if (result.result === 'done') return finish(job, attempted);
    const { error } = result;
    const postponed = result.result === 'later' && (error === null || job.tries < ATTEMPTS_MAX);
    if (postponed) return postpone(job, result.afterMs ?? retryDelayMs(job, error === null), error, attempted);
    await giveUp(job, error ?? 'The provider did not tell how it ended.', attempted);
  }

  /** The first try that succeeds is not worth a row. */
  async function finish(job: ClaimedJob, attempted: Attempted): Promise<void> {
    if (job.attempts === 1) return finishJob(database, job);
    await database.transaction(async (transaction) => {
      await finishJob(transaction, job);
      await keepAttempt(transaction, job, null, attempted);
    });
  }

  /** An answer that only says "not yet" is no failure, and there may be very many. */
  async function postpone(job: ClaimedJob, delayMs: number, error: string | null, attempted: Attempted): Promise<void> {
    if (error === null) return postponeJob(database, job, delayMs, null);
    await database.transaction(async (transaction) => {
      await postponeJob(transaction, job, delayMs, error);
      await keepAttempt(transaction, job, error, attempted);
    });
  }

  async function giveUp(job: ClaimedJob, error: string, attempted: Attempted): Promise<void> {
    const given = await database.transaction(async (transaction) => {
      const ours = await failJob(transaction, job, error);
      if (ours) await keepAttempt(transaction, job, error, attempted);
      return ours;
    });
    if (given) options.onFailed(job, error);
  }

  function keepAttempt(
    transaction: Queryable,
    { id: dutyId, attempts: number }: ClaimedJob,
    error: string | null,
    attempted: Attempted,
  ): Promise<void> {
    return recordAttempt(transaction, { dutyId, number, error, status: null, response: null, ...attempted });
  }

  /** In the trace of the request that made the job; what it does to the order is a part of it. */
  async function attemptTraced(job: ClaimedJob): Promise<JobResult> {
    const { provider, id } = job.payment;
    const span = tracing.startSpan(`${job.kind} ${provider}`, {
      kind: 'client',
      parent: job.traceParent,
      attributes: { 'doorbuster.payment.provider': provider, 'doorbuster.payment.id': id },
    });
    const result = await attempt({ ...job, traceParent: span.traceParent ?? job.traceParent });
    span.setAttributes({ 'doorbuster.payment.job': result.result });
    span.end(result.result === 'failed' ? 'failed' : undefined);
    return result;
  }

  async function attempt(job: ClaimedJob): Promise<JobResult> {
    const provider = providers.byName(job.payment.provider);
    if (provider === undefined) {
      return { result: 'later', error: `The provider ${job.payment.provider} is not configured.` };
    }
    try {
      switch (job.kind) {
        case 'settle':
          return await settle(job, provider);
        case 'capture':
          return await capture(job, provider);
        case 'cancel':
          return await tell(job, await provider.cancel(job.payment), ['captured', 'cancelled', 'failed']);
        case 'refund':
          return await refund(job, provider);
      }
    } catch (error) {
      if (pinIsOver(job)) await abandon(job);
      return { result: 'later', error: error instanceof Error ? error.message : String(error) };
    }
  }

  /**
   * Finds out how an attempt ended. Where nothing was charged, or the order waits for it no longer, it is cancelled at
   * the provider, but for money that is there already: that has its own rules.
   */
  async function settle(job: ClaimedJob, provider: PaymentProvider): Promise<JobResult> {
    const { payment } = job;
    const found = await provider.find(payment);
    const waitedFor = job.orderStatus === 'payment_processing' && !pinIsOver(job);
    if (SETTLED.includes(found.status) || (waitedFor && found.status !== 'unconfirmed')) {
      return tell(job, found, SETTLED);
    }
    // The one who opened it may be about to charge: his lease first.
    const leaseLeftMs = payment.createdAt.getTime() + leaseMs - job.now.getTime();
    if (waitedFor && !payment.answered && leaseLeftMs > 0) {
      return { result: 'later', error: null, afterMs: leaseLeftMs };
    }
    const told = await tell(job, await provider.cancel(payment), SETTLED);
    // The provider cannot cancel it and cannot say how it will end: the stock waits no longer.
    return told.result === 'later' && pinIsOver(job) ? ((await abandon(job)) ?? told) : told;
  }

  /** Frees the stock; the attempt itself stays open and is asked on. */
  function abandon(job: ClaimedJob): Promise<JobResult | undefined> {
    return step(job, { kind: 'payment-abandoned', orderId: job.orderId, paymentId: job.payment.id });
  }

  /** Takes the provider's word into the order. The job is done when that word is one of `finals`. */
  async function tell(
    job: ClaimedJob,
    seen: ProviderPayment,
    finals: readonly ProviderPayment['status'][],
  ): Promise<JobResult> {
    const report = reportOf(job.payment.id, seen);
    if (report === undefined) return NOT_YET;
    const refused = await step(job, { kind: 'payment-report', orderId: job.orderId, report });
    return refused ?? (finals.includes(seen.status) ? DONE : NOT_YET);
  }

  /** An authorization that is gone cancels the order, unless it has left the kitchen: then somebody must ask for the money. */
  async function capture(job: ClaimedJob, provider: PaymentProvider): Promise<JobResult> {
    const result = await tell(job, await provider.capture(job.payment), ['captured', 'cancelled']);
    if (result.result !== 'done') return result;
    const unpaid = await findUnpaidOrder(database, job.payment.id);
    return unpaid ? { result: 'failed', error: `The authorization is gone, and the order is ${unpaid}.` } : DONE;
  }

  async function refund(job: ClaimedJob, provider: PaymentProvider): Promise<JobResult> {
    if (job.refund === null) throw new Error(`Job ${job.id} is a refund of nothing.`);
    const { amountMinor } = job.refund;
    const refused = job.redriven && job.refund.status === 'failed';
    const id = refused ? successorOf(job.refund.id) : job.refund.id;
    const stopped = refused ? await retryRefund(job, job.refund.id, id) : undefined;
    if (stopped !== undefined) return stopped;
    const { status, providerRef, reason } = await provider.refund({ id, payment: job.payment, amountMinor });
    if (status === 'pending') return NOT_YET;
    const untold = await step(job, {
      kind: 'refund-report',
      orderId: job.orderId,
      report: { refundId: id, providerRef, status },
    });
    if (untold !== undefined) return untold;
    return status === 'failed' ? { result: 'failed', error: reason ?? 'The provider refused the refund.' } : DONE;
  }

  /** A refund that the provider has refused is refused for ever: one that is redriven is asked for by a new one. */
  async function retryRefund(job: ClaimedJob, refundId: string, retryId: string): Promise<JobResult | undefined> {
    const stopped = await step(job, { kind: 'refund-retry', orderId: job.orderId, retry: { refundId, retryId } });
    if (stopped === undefined) await changeRefundOf(database, job, retryId);
    return stopped;
  }

  /** Makes a step of the engine's own; undefined when the order has taken it in. */
  async function step({ traceParent }: ClaimedJob, request: SystemRequest): Promise<JobResult | undefined> {
    const outcome = await stepOrders({ ...request, traceParent });
    if (outcome.outcome === 'stepped' || outcome.outcome === 'unchanged') return undefined;
    if (outcome.outcome === 'mismatch') {
      return { result: 'failed', error: 'The provider speaks of another amount or currency.' };
    }
    if (outcome.outcome === 'not-refundable') {
      return { result: 'failed', error: 'The money has been given back otherwise since, or is on its way.' };
    }
    return { result: 'later', error: `The ledger could not take it in: ${outcome.outcome}.` };
  }
}

/**
 * The id of the refund that takes the place of a refused one. Whoever works it out gets the same, so that a job which is
 * interrupted asks for no third. It begins as the old one's does, a UUIDv7's time.
 */
function successorOf(refundId: string): string {
  const digest = createHash('sha256').update(`refund again\n${refundId}`).digest('hex');
  const [first, second] = refundId.split('-');
  return `${first}-${second}-7${digest.slice(0, 3)}-8${digest.slice(3, 6)}-${digest.slice(6, 18)}`;
}

function pinIsOver({ kind, orderStatus, settleBy, now }: ClaimedJob): boolean {
  return kind === 'settle' && orderStatus === 'payment_processing' && settleBy !== null && now >= settleBy;
}

/** Never past the moment at which the pin's limit asks for a decision. */
function retryDelayMs(job: ClaimedJob, answered: boolean): number {
  const { tries, kind, orderStatus, settleBy, createdAt, now } = job;
  const waitedFor = kind === 'settle' && orderStatus === 'payment_processing';
  const longest = waitedFor ? WAITED_FOR_RETRY_MAX_MS : RETRY_MAX_MS;
  const wanted = answered
    ? Math.max(FIRST_RETRY_MS, (now.getTime() - createdAt.getTime()) * NOT_YET_SHARE)
    : FIRST_RETRY_MS * 2 ** (tries - 1);
  const delayMs = Math.min(wanted, longest);
  if (!waitedFor || settleBy === null || settleBy <= now) return delayMs;
  return Math.min(delayMs, settleBy.getTime() - now.getTime());
}
