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
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`no answer within ${Math.round(timeoutMs)} ms`, 'TimeoutError'));
  }, timeoutMs);
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
    clearTimeout(timer);
    if (!streams) signal?.removeEventListener('abort', abort);
  }
}

/** Failures of Node before there was a connection. A browser does not tell, so there everything may have left. */
const NEVER_CONNECTED = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

function mayHaveLeft(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return true;
  return !NEVER_CONNECTED.includes(String(cause.code));
}
