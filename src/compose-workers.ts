import type { Logger } from 'pino';
import type { Alerts } from './compose-alerts.ts';
import type { Payments } from './compose-payments.ts';
import { composeRetention } from './compose-retention.ts';
import type { Webhooks } from './compose-webhooks.ts';
import type { Config } from './config/config.ts';
import type { Deadline } from './domain/pass-deadline.ts';
import type { Ledger } from './ledger/open-ledger.ts';
import { insertDeliveries } from './ledger/webhook-deliveries.ts';
import type { Metrics } from './operations/metrics.ts';
import type { Stopper } from './operations/stopper.ts';
import type { Tracing } from './operations/tracing.ts';
import { createAnswerSweeper } from './workers/answer-sweeper.ts';
import { createDeadlineSweeper } from './workers/deadline-sweeper.ts';
import type { Duty, Loops } from './workers/loop.ts';
import { createOutboxRelay } from './workers/outbox-relay.ts';
import { createRedriver } from './workers/redriver.ts';

/** How long past the pin's limit, and past the provider's time-out, the stock of an open payment may be held. */
const SETTLE_GRACE_MS = 5_000;

/** Starts what is done behind the answers, and stops all of it at once. */
export function startWorkers(
  config: Config,
  {
    ledger,
    payments,
    alerts,
    webhooks,
    metrics,
    loops,
    tracing,
  }: {
    readonly ledger: Ledger;
    readonly payments: Payments;
    readonly alerts: Alerts;
    readonly webhooks: Webhooks;
    readonly metrics: Metrics;
    readonly loops: Loops;
    readonly tracing: Tracing;
  },
  log: Logger,
  stopper: Stopper,
): void {
  const { database, placing } = ledger;
  const duties = [
    sweeper('hold-expired', 0),
    sweeper('acceptance-overdue', 0),
    // The provider is told first; then the stock waits no longer, whatever the provider does.
    sweeper('settle-overdue', config.PAYMENT_TIMEOUT_MS + SETTLE_GRACE_MS),
    createAnswerSweeper({ database, retentionSeconds: config.IDEMPOTENCY_RETENTION_SECONDS }),
    createRedriver({ database, schedule: config.DEAD_LETTER_REDRIVE_SECONDS }),
    composeRetention(config, database),
    createOutboxRelay({ database, makeDeliveries: insertDeliveries, observe: published, tracing }),
    ...payments.duties,
    ...alerts.duties,
  ];
  const started = duties.map((duty) => loops.add(duty));
  for (const loop of started) loop.start();
  // All at once: a long one must not keep the others working.
  stopper.add('background duties', () => Promise.all(started.map((loop) => loop.stop())));

  function published(events: number): void {
    metrics.observePublished(events);
    webhooks.hurry();
  }

  function sweeper(deadline: Deadline, graceMs: number): Duty {
    return createDeadlineSweeper({
      database: placing,
      deadline,
      graceMs,
      observe({ passed, failures }) {
        metrics.observeDeadlines(deadline, passed);
        for (const { error } of failures) log.error({ err: error, deadline }, 'an overdue order could not be changed');
      },
    });
  }
}
