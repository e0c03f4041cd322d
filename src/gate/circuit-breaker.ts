import {
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBreaker,
  SamplingBreaker,
} from 'cockatiel';

/** `open`: nothing is asked. `half-open`: one probe is on its way, and nothing else. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Redis did not do what was asked in time, or could not, or was not asked because it is known to be away. */
export class RedisAwayError extends Error {
  /** It may have been asked: then it may have done it, or do it a little later, once. */
  readonly asked: boolean;

  constructor(reason: string, { asked, cause }: { asked: boolean; cause?: unknown }) {
    super(`Redis is away: ${reason}`, { cause });
    this.name = 'RedisAwayError';
    this.asked = asked;
  }
}

/** Keeps everybody from asking what does not answer, and asks by itself when it is back. */
export interface CircuitBreaker {
  /** @throws {RedisAwayError} at once while it is not closed, and instead of an error for which `isFailure` holds. */
  call<Result>(work: () => Promise<Result>): Promise<Result>;
  state(): BreakerState;
  /** Probes now instead of a little later: there is reason to hope. */
  hurry(): void;
  /** Open for good. */
  close(): void;
}

/** So many failures one after the other open it. One at a time and all by time-outs, that takes three time-outs. */
const CONSECUTIVE_FAILURES_MAX = 3;

/**
 * Or this part of the calls of the last seconds. Of a healthy Redis all calls succeed; one hung master of a large
 * cluster lets few of them fail, each of which costs somebody a time-out.
 */
const FAILURE_RATE_MAX = 0.1;
const SAMPLING_MS = 5_000;
/** Fewer calls than this in the sampled time say nothing about a rate. */
const SAMPLED_CALLS_MIN = 50;

/** A probe is one script; so often it costs nothing, and Redis is used again within this time. */
const PROBE_INTERVAL_MS = 500;

/**
 * A breaker that begins open: the first probe closes it. Calls are never used as probes and never wait for one, so
 * nobody pays for finding out, and what comes back meets one probe first, however many are waiting.
 */
export function createCircuitBreaker(options: {
  /** Rejects while it is no use to ask. */
  readonly probe: () => Promise<unknown>;
  /** Whether an error says that Redis is away. */
  readonly isFailure: (error: unknown) => boolean;
  readonly onState: (state: BreakerState) => void;
}): CircuitBreaker {
  const fails = (error: unknown) => error instanceof RedisAwayError || options.isFailure(error);
  const policy = circuitBreaker(handleWhen(fails), {
    // Probes are timed below, and nothing else is let through while it is open.
    halfOpenAfter: 0,
    breaker: anyOf(
      new ConsecutiveBreaker(CONSECUTIVE_FAILURES_MAX),
      new SamplingBreaker({
        threshold: FAILURE_RATE_MAX,
        duration: SAMPLING_MS,
        minimumRps: (SAMPLED_CALLS_MIN * 1_000) / SAMPLING_MS,
      }),
    ),
  });
  const beginning = policy.isolate();
  let probing = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  policy.onStateChange((state) => {
    if (closed) return;
    options.onState(nameOf(state));
    if (state === CircuitState.Open) probeLater();
  });

  function probeLater(): void {
    clearTimeout(timer);
    timer = setTimeout(probe, PROBE_INTERVAL_MS).unref();
  }

  const isClosed = () => policy.state === CircuitState.Closed;

  async function probe(): Promise<void> {
    if (probing || closed || isClosed()) return;
    clearTimeout(timer);
    probing = true;
    try {
      if (policy.state === CircuitState.Isolated) {
        await options.probe();
        beginning.dispose();
      } else {
        // Whatever a probe fails of, it is no use to ask yet.
        await policy.execute(() => options.probe().catch((error: unknown) => Promise.reject(awayFor(error))));
      }
    } catch {
      if (!closed && !isClosed()) probeLater();
    } finally {
      probing = false;
    }
  }

  void probe();
  return {
    async call(work) {
      if (closed || !isClosed()) throw new RedisAwayError('the circuit breaker is open', { asked: false });
      try {
        return await policy.execute(work);
      } catch (error) {
        throw fails(error) ? awayFor(error) : error;
      }
    },
    state: () => (closed ? 'open' : nameOf(policy.state)),
    hurry() {
      void probe();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function awayFor(error: unknown): RedisAwayError {
  if (error instanceof RedisAwayError) return error;
  return new RedisAwayError(error instanceof Error ? error.message : String(error), { asked: true, cause: error });
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}

/** Opens when one of them would. Each sees every call. */
function anyOf(...breakers: readonly IBreaker[]): IBreaker {
  return {
    get state() {
      return breakers.map((breaker) => breaker.state);
    },
    set state(states: unknown) {
      for (const [index, breaker] of breakers.entries()) breaker.state = (states as unknown[])[index];
    },
    success(state) {
      for (const breaker of breakers) breaker.success(state);
    },
    failure: (state) => breakers.map((breaker) => breaker.failure(state)).includes(true),
  };
}
