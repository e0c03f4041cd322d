import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import { FEW_BUCKETS } from './buckets.ts';
import { counterOf } from './counter-of.ts';
import { createKnownLabel } from './known-label.ts';

const BREAKER_STATES = ['closed', 'open', 'half-open'];

const ADVICE = ['answered', 'refuse', 'reserved', 'unknown', 'away'];

export interface GateMetrics {
  /** What the gate advised: answered, refuse, reserved, unknown, or away. */
  observeAdvice(advice: string): void;
  observeGate(compared: { driftUnits: number; repaired: number; leaked: number; open: number }): void;
  /** The state of the breaker before Redis: closed, open or half-open. */
  observeBreaker(state: string): void;
  /** A call to Redis that was made. `answered` is false where it failed or came too late. */
  observeRedisCall(answered: boolean, seconds: number): void;
  /** Units by which the gate differed at the last comparison of this process. */
  gateDriftUnits(): number;
}

/** Redis, and what the gate in it knows of the stock. */
export function createGateMetrics(registry: Registry, read: { untold: () => number }): GateMetrics {
  const registers = [registry];
  const adviceOf = createKnownLabel(ADVICE);
  let driftUnits = 0;

  const advice = new Counter({
    name: 'doorbuster_gate_advice_total',
    help: `Advice of the gate on attempts to order: ${ADVICE.join(', ')}.`,
    labelNames: ['advice'],
    registers,
  });
  const gateDrift = new Gauge({
    name: 'doorbuster_gate_drift_units',
    help: 'Units by which the gate differed from the ledger at the last comparison of this process.',
    registers,
  });
  const gateOpen = new Gauge({
    name: 'doorbuster_gate_open_reservations',
    help: 'Reservations in the gate whose attempts had not ended at the last comparison of this process.',
    registers,
  });
  const gateRepairs = new Counter({
    name: 'doorbuster_gate_repairs_total',
    help: 'What this process repaired in the gate: stock of items, and reservations that nobody had given back.',
    labelNames: ['what'],
    registers,
  });
  counterOf(
    registry,
    'doorbuster_gate_untold_total',
    'Ends of attempts that the gate was not told, because there were too many at once or Redis was away.',
    read.untold,
  );
  const breaker = new Gauge({
    name: 'doorbuster_redis_breaker',
    help: 'The state of the breaker before Redis: 1 for the state it is in. Absent without Redis.',
    labelNames: ['state'],
    registers,
  });
  const calls = new Histogram({
    name: 'doorbuster_redis_call_seconds',
    help: 'Time of calls to Redis by outcome: ok or failed. What the breaker turned away was no call.',
    labelNames: ['outcome'],
    buckets: FEW_BUCKETS,
    registers,
  });

  return {
    observeAdvice: (outcome) => advice.inc({ advice: adviceOf(outcome) }),
    observeGate(compared) {
      driftUnits = compared.driftUnits;
      gateDrift.set(compared.driftUnits);
      gateOpen.set(compared.open);
      gateRepairs.inc({ what: 'stock' }, compared.repaired);
      gateRepairs.inc({ what: 'reservation' }, compared.leaked);
    },
    observeBreaker(state) {
      for (const each of BREAKER_STATES) breaker.set({ state: each }, each === state ? 1 : 0);
    },
    observeRedisCall: (answered, seconds) => calls.observe({ outcome: answered ? 'ok' : 'failed' }, seconds),
    gateDriftUnits: () => driftUnits,
  };
}
