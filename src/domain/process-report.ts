/** What an engine process tells of itself. */
export interface ProcessReport {
  /** The breaker before Redis; none where no Redis is used. */
  readonly breaker: 'closed' | 'open' | 'half-open' | 'none';
  /** Units by which the gate differed from the ledger at this process's last comparison. */
  readonly gateDriftUnits: number;
  /** Order requests that waited for a batch. */
  readonly waitingOrders: number;
  /** How late the event loop was, the 99th percentile of the time since the last report. */
  readonly eventLoopLagMs: number;
  /** HTTP requests of the last minute. */
  readonly requests: number;
  /** Those of them that were answered with a 5xx. */
  readonly errors: number;
  readonly duties: readonly DutyReport[];
}

/** How a background duty of a process gets on. */
export interface DutyReport {
  readonly name: string;
  /** ISO 8601; null before the first. */
  readonly lastSuccessAt: string | null;
  /** Its last run failed. */
  readonly failing: boolean;
}
