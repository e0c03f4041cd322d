import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import { REMOTE_BUCKETS } from './buckets.ts';
import { createKnownLabel } from './known-label.ts';

const PROVIDERS = ['stripe', 'sandbox'];

const CALLS = ['charge', 'find', 'capture', 'cancel', 'refund'];

const OUTCOMES = [
  ...['captured', 'authorized', 'requires_action', 'processing', 'failed', 'cancelled', 'unconfirmed'],
  ...['pending', 'succeeded', 'unknown'],
];

export interface PaymentMetrics {
  /** A call to a payment provider; `outcome` is what it answered, or `unknown`. */
  observePaymentCall(provider: string, call: string, outcome: string, seconds: number): void;
  observeDiscrepancies(provider: string, discrepancies: number): void;
}

/** Money: what the providers answer, and whether their books agree with the ledger's. */
export function createPaymentMetrics(registry: Registry): PaymentMetrics {
  const registers = [registry];
  const [providerOf, callOf, outcomeOf] = [
    createKnownLabel(PROVIDERS),
    createKnownLabel(CALLS),
    createKnownLabel(OUTCOMES),
  ];
  const calls = new Counter({
    name: 'doorbuster_payment_calls_total',
    help: `Calls to payment providers: ${CALLS.join(', ')}; and what came of them: ${OUTCOMES.join(', ')}. Unknown ones are asked for until they are known.`,
    labelNames: ['provider', 'call', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'doorbuster_payment_call_seconds',
    help: 'Time of calls to payment providers.',
    labelNames: ['provider', 'call'],
    buckets: REMOTE_BUCKETS,
    registers,
  });
  const discrepancies = new Gauge({
    name: 'doorbuster_payment_discrepancies',
    help: "Differences between a payment provider's books and the ledger's, at the last comparison of this process.",
    labelNames: ['provider'],
    registers,
  });
  return {
    observePaymentCall(provider, call, outcome, time) {
      const labels = { provider: providerOf(provider), call: callOf(call) };
      calls.inc({ ...labels, outcome: outcomeOf(outcome) });
      seconds.observe(labels, time);
    },
    observeDiscrepancies: (provider, count) => discrepancies.set({ provider: providerOf(provider) }, count),
  };
}
