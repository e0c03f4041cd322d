/** Whether a process should get requests, and how its parts are. */
export interface Readiness {
  /** Degraded: something needs a look, and requests are answered all the same. */
  readonly status: 'ready' | 'degraded' | 'not_ready';
  readonly parts: {
    readonly ledger: 'up' | 'down';
    readonly redis: 'up' | 'away' | 'none';
    /** Null while it cannot be read. */
    readonly outbox: { readonly events: number; readonly oldestSeconds: number } | null;
    readonly gateDriftUnits: number;
    readonly workers: { readonly role: string; readonly failing: readonly string[] };
    readonly accepting: boolean;
  };
}

export interface Health {
  started(): boolean;
  /** Answers soon, whatever hangs. */
  readiness(): Promise<Readiness>;
}

/** Events that wait for longer than this mean that nobody tells of them. */
const OUTBOX_OLD_SECONDS = 60;

export function createHealth(sources: {
  readonly role: string;
  readonly started: () => boolean;
  /** Whether the ledger answers a query. As soon as the following one, it never takes long and is never rejected. */
  readonly ledgerAnswers: () => Promise<boolean | undefined>;
  readonly outbox: () => Promise<{ events: number; oldestSeconds: number } | undefined>;
  /** The state of the breaker before Redis, without which the engine does when it must; undefined where none is used. */
  readonly breaker: () => 'closed' | 'half-open' | 'open' | undefined;
  readonly gateDriftUnits: () => number;
  readonly duties: () => readonly { readonly name: string; readonly failing: boolean }[];
  /** False from the moment a stop was asked for. */
  readonly accepting: () => boolean;
}): Health {
  return {
    started: sources.started,
    async readiness() {
      const [ledgerUp, outbox] = await Promise.all([sources.ledgerAnswers(), sources.outbox()]);
      const parts = {
        ledger: ledgerUp === true ? ('up' as const) : ('down' as const),
        redis: redisPart(sources.breaker()),
        outbox: outbox ?? null,
        gateDriftUnits: sources.gateDriftUnits(),
        workers: {
          role: sources.role,
          failing: sources.duties().flatMap(({ name, failing }) => (failing ? [name] : [])),
        },
        accepting: sources.accepting(),
      };
      return { status: statusOf(parts, sources.started()), parts };
    },
  };
}

function statusOf(parts: Readiness['parts'], started: boolean): Readiness['status'] {
  if (!started || !parts.accepting || parts.ledger === 'down') return 'not_ready';
  const late = parts.outbox === null || parts.outbox.oldestSeconds > OUTBOX_OLD_SECONDS;
  return late || parts.redis === 'away' || parts.workers.failing.length > 0 ? 'degraded' : 'ready';
}

function redisPart(breaker: 'closed' | 'half-open' | 'open' | undefined): 'up' | 'away' | 'none' {
  if (breaker === undefined) return 'none';
  return breaker === 'closed' ? 'up' : 'away';
}
