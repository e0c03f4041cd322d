import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, type Registry } from '@prometheus-io/client';
import type { DutyReport } from '../../domain/process-report.ts';
import { counterOf } from './counter-of.ts';

const EVENT_LOOP_RESOLUTION_MS = 10;

/** Of the library's metrics of Node, those whose names Prometheus' own check refuses. Others tell the same. */
const ILL_NAMED = [
  ...['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'],
  ...['nodejs_eventloop_utilization_histogram', 'nodejs_eventloop_utilization_summary'],
];

export interface ProcessMetrics {
  /** The 99th percentile of how late the event loop was since the last call of this function, in milliseconds. */
  takeEventLoopLagMs(): number;
}

/** The process itself: what it is, its memory, its event loop, its background duties. */
export function createProcessMetrics(
  registry: Registry,
  read: {
    build: { version: string; role: string };
    duties: () => readonly DutyReport[];
    droppedSpans: () => number;
  },
): ProcessMetrics {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of ILL_NAMED) registry.removeSingleMetric(name);
  const delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  delay.enable();

  new Gauge({
    name: 'doorbuster_build_info',
    help: 'Always 1: the version, the role (ROLE) and the version of Node.',
    labelNames: ['version', 'role', 'node'],
    registers,
  }).set({ ...read.build, node: process.versions.node }, 1);
  new Gauge({
    name: 'doorbuster_duty_last_success_timestamp_seconds',
    help: 'When a background duty of this process last succeeded, Unix time. Absent before the first time.',
    labelNames: ['duty'],
    registers,
    collect() {
      this.reset();
      for (const { name: duty, lastSuccessAt } of read.duties()) {
        if (lastSuccessAt !== null) this.set({ duty }, Date.parse(lastSuccessAt) / 1_000);
      }
    },
  });
  new Gauge({
    name: 'doorbuster_duty_failing',
    help: '1 where the last run of a background duty of this process failed, else 0.',
    labelNames: ['duty'],
    registers,
    collect() {
      this.reset();
      for (const { name: duty, failing } of read.duties()) this.set({ duty }, failing ? 1 : 0);
    },
  });

  counterOf(
    registry,
    'doorbuster_trace_spans_dropped_total',
    'Spans of traces that were not delivered: the queue was full, or the collector did not take them.',
    read.droppedSpans,
  );

  return {
    takeEventLoopLagMs() {
      const lagMs = delay.percentile(99) / 1e6;
      delay.reset();
      return Math.max(0, lagMs - EVENT_LOOP_RESOLUTION_MS);
    },
  };
}
