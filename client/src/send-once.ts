import { startTimer } from './abortable.ts';

/** The platform's `fetch`, or whatever stands in for it: a proxy's, a test's, one with its own connections. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What became of one try. */
export type Outcome =
  | { readonly answered: true; readonly response: Response; readonly text: string }
  /** `left`: the request may have reached the server. */
  | { readonly answered: false; readonly cause: unknown; readonly left: boolean };

export interface Try {
  readonly fetch: Fetch;
  readonly url: string;
  readonly init: RequestInit;
  /** For the whole answer; of a stream (`endless`), for its headers. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Leaves the body of a success to the caller. Then `signal` ends it. */
  readonly endless?: boolean;
}

/** Sends a request once. Rejects only with the reason of `signal`: no answer is an outcome. */
export async function sendOnce({ fetch, url, init, timeoutMs, signal, endless = false }: Try): Promise<Outcome> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const answered = startTimer(timeoutMs, () => {
    controller.abort(new DOMException(`no answer within ${Math.round(timeoutMs)} ms`, 'TimeoutError'));
  });
  let streams = false;
  try {
    const response = await fetch(url, { ...init, signal: controller.signal });
    streams = endless && response.ok;
    return { answered: true, response, text: streams ? '' : await response.text() };
  } catch (cause) {
    signal?.throwIfAborted();
    return {
      answered: false,
      cause: controller.signal.aborted ? controller.signal.reason : cause,
      left: mayHaveLeft(cause),
    };
  } finally {
    answered();
    if (!streams) signal?.removeEventListener('abort', abort);
  }
}

/**
 * Node tells a connection that was never made: it failed in `connect` or in the look-up of the name, or took too long. The
 * code alone would not do: EHOSTUNREACH ends connections that were made, too. A browser tells nothing.
 */
function mayHaveLeft(error: unknown): boolean {
  const { cause } = error instanceof Error ? error : {};
  return !neverConnected(cause);
}

function neverConnected(cause: unknown): boolean {
  if (typeof cause !== 'object' || cause === null) return false;
  // One for each address of a name.
  if ('errors' in cause && Array.isArray(cause.errors)) return cause.errors.every(neverConnected);
  if ('syscall' in cause) return cause.syscall === 'connect' || cause.syscall === 'getaddrinfo';
  return 'code' in cause && cause.code === 'UND_ERR_CONNECT_TIMEOUT';
}
