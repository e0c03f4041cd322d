import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import { REMOTE_BUCKETS } from './buckets.ts';
import { createKnownLabel } from './known-label.ts';

/** More kinds of alerts than there are. */
const ALERTS_MAX = 50;

export type DeliveryOutcome = 'delivered' | 'retried' | 'failed' | 'disabled';

const DELIVERY_OUTCOMES: readonly DeliveryOutcome[] = ['delivered', 'retried', 'failed', 'disabled'];

export interface OutgoingMetrics {
  /** Events that this process told of. */
  observePublished(events: number): void;
  /** One try to deliver a webhook. */
  observeDelivery(outcome: DeliveryOutcome, seconds: number): void;
  /** How many incidents of an alert are open. */
  observeIncidents(alert: string, open: number): void;
}

/** What leaves the engine: events, webhooks, alerts. */
export function createOutgoingMetrics(registry: Registry): OutgoingMetrics {
  const registers = [registry];
  const outcomeOf = createKnownLabel(DELIVERY_OUTCOMES);
  const alerts = new Set<string>();
  const published = new Counter({
    name: 'doorbuster_outbox_published_total',
    help: 'Events that this process told of.',
    registers,
  });
  const deliveries = new Counter({
    name: 'doorbuster_webhook_deliveries_total',
    help: `Tries of this process to deliver a webhook: ${DELIVERY_OUTCOMES.join(', ')} (the receiver answered 410).`,
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of DELIVERY_OUTCOMES) deliveries.inc({ outcome }, 0);
  const seconds = new Histogram({
    name: 'doorbuster_webhook_delivery_seconds',
    help: 'Time of these tries.',
    buckets: REMOTE_BUCKETS,
    registers,
  });
  const incidents = new Gauge({
    name: 'doorbuster_incidents_open',
    help: 'Incidents that are open, by alert, as the process that watches last saw them.',
    labelNames: ['alert'],
    registers,
  });
  return {
    observePublished: (events) => published.inc(events),
    observeDelivery(outcome, time) {
      deliveries.inc({ outcome: outcomeOf(outcome) });
      seconds.observe(time);
    },
    observeIncidents(alert, open) {
      if (alerts.size < ALERTS_MAX) alerts.add(alert);
      incidents.set({ alert: alerts.has(alert) ? alert : 'other' }, open);
    },
  };
}
