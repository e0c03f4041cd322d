import type { Postgres } from './postgres.ts';
import type { Redis } from './redis.ts';

/** The options that rows look at. */
export interface Effort {
  connections: number;
  /** The measured part of a round. */
  roundSeconds: number;
  /** Load before the measured part, so that the compiler and the caches have settled. */
  warmUpSeconds: number;
  /** Orders that stand in the ledger already, in the rows where any do. */
  ordersBefore: number;
  refusals: number;
  idleConnections: number;
}

/** What a row is given for one turn. */
export interface Site {
  databaseUrl: string;
  /** False where an earlier round has left things in the database. */
  databaseIsNew: boolean;
  postgres: Postgres;
  /** Empty; there for the rows that use it. */
  redis: Redis | undefined;
  /** A temporary folder for this turn. */
  folder: string;
  /** For Node, before the file to run: a profile is asked for by these. */
  nodeArguments: readonly string[];
  effort: Effort;
  signal: AbortSignal;
  /** Answers a second of another row in this round. Throws when it has had no turn. */
  rateOf(row: string): number;
}
