import { Registry } from '@prometheus-io/client';
import type { DutyReport } from '../domain/process-report.ts';
import { createDatabaseMetrics, type DatabaseMetrics } from './metrics/database-metrics.ts';
import { createGateMetrics, type GateMetrics } from './metrics/gate-metrics.ts';
import { createHttpMetrics, type HttpMetrics } from './metrics/http-metrics.ts';
import { addLedgerState, type LedgerState } from './metrics/ledger-state.ts';
import { createOrderMetrics, type OrderMetrics } from './metrics/order-metrics.ts';
import { createOutgoingMetrics, type OutgoingMetrics } from './metrics/outgoing-metrics.ts';
import { createPaymentMetrics, type PaymentMetrics } from './metrics/payment-metrics.ts';
import { createProcessMetrics, type ProcessMetrics } from './metrics/process-metrics.ts';

/** The metrics of a process. What is observed here costs less than a microsecond. */
export interface Metrics
  extends OrderMetrics,
    GateMetrics,
    DatabaseMetrics,
    PaymentMetrics,
    OutgoingMetrics,
    HttpMetrics,
    ProcessMetrics {
  /** Everything in Prometheus' text format. */
  expose(): Promise<{ contentType: string; text: string }>;
  /** The engine's own metrics, for people. */
  describe(): Promise<{ name: string; type: string; help: string; labels: readonly string[] }[]>;
}

/** What gauges are read from when they are asked for. */
export interface MetricSources {
  readonly build: { readonly version: string; readonly role: string };
  readonly waitingOrders: () => number;
  readonly databaseConnections: () => { total: number; idle: number; waiting: number };
  /** Ends of attempts that the gate was never told. */
  readonly untold: () => number;
  /** Spans of traces that were not delivered. */
  readonly droppedSpans: () => number;
  readonly duties: () => readonly DutyReport[];
  /** Answers soon, whatever the ledger does, and asks it at most so often; undefined while it is away. */
  readonly ledgerState: () => Promise<LedgerState | undefined>;
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const parts = {
    ...createOrderMetrics(registry, sources),
    ...createGateMetrics(registry, sources),
    ...createDatabaseMetrics(registry, sources),
    ...createPaymentMetrics(registry),
    ...createOutgoingMetrics(registry),
    ...createHttpMetrics(registry),
    ...createProcessMetrics(registry, sources),
  };
  addLedgerState(registry, sources.ledgerState);
  return {
    ...parts,
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    async describe() {
      const all = registry.getMetricsAsArray() as unknown as readonly DescribedMetric[];
      return all
        .filter(({ name }) => name.startsWith('doorbuster_'))
        .map(({ name, type, help, labelNames }) => ({ name, type: String(type), help, labels: labelNames ?? [] }))
        .sort((left, right) => left.name.localeCompare(right.name));
    },
  };
}

/** A metric of the registry has more than its declared type says. */
interface DescribedMetric {
  readonly name: string;
  readonly type: unknown;
  readonly help: string;
  readonly labelNames?: readonly string[];
}
