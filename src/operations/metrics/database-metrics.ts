import { Gauge, Histogram, type Registry } from '@prometheus-io/client';
import { FEW_BUCKETS } from './buckets.ts';

export interface DatabaseMetrics {
  /** A statement, a transaction, or the wait for a connection. */
  observeDatabase(operation: 'statement' | 'transaction' | 'connect', seconds: number): void;
}

/** The connections to PostgreSQL and how long things take on them. */
export function createDatabaseMetrics(
  registry: Registry,
  read: { databaseConnections: () => { total: number; idle: number; waiting: number } },
): DatabaseMetrics {
  const registers = [registry];
  new Gauge({
    name: 'doorbuster_database_connections',
    help: 'Connections of the pool by state, and requests that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      const { total, idle, waiting } = read.databaseConnections();
      this.set({ state: 'busy' }, total - idle);
      this.set({ state: 'idle' }, idle);
      this.set({ state: 'waiting' }, waiting);
    },
  });
  const seconds = new Histogram({
    name: 'doorbuster_database_seconds',
    help: 'Time of single statements, of whole transactions, and of the wait for a connection (connect). Batches of orders stand in doorbuster_batch_seconds.',
    labelNames: ['operation'],
    buckets: FEW_BUCKETS,
    registers,
  });
  return { observeDatabase: (operation, time) => seconds.observe({ operation }, time) };
}
