import { abortableDelay, untilAborted } from './abortable.ts';
import type { KeyedOptions, RetryNotice } from './call-options.ts';
import { type Credentials, NOBODY } from './credentials.ts';
import type { OperationId } from './documents.ts';
import type { CallFacts } from './errors.ts';
import { type Failure, failureOf } from './failure.ts';
import { newIdempotencyKey } from './idempotency-key.ts';
import { OPERATIONS } from './operations.ts';
import { type RetryOptions, retryDelayMs } from './retry-delay.ts';
import { type Fetch, type Outcome, sendOnce } from './send-once.ts';

/** What all calls of a client share. */
export interface CallSettings {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  readonly retry: RetryOptions;
  readonly onRetry: ((notice: RetryNotice) => void) | undefined;
}

/** What `Input` is to the machine. */
export interface RawInput {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly body?: unknown;
  readonly ifMatch?: string;
}

export interface RawRequest {
  readonly input: RawInput;
  readonly options: KeyedOptions;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of a success is left to the caller. */
  readonly endless?: boolean;
}

export interface RawAnswer {
  readonly response: Response;
  readonly text: string;
  readonly facts: Omit<CallFacts, 'effectUnknown'>;
}

/** Makes a request until it is answered for good. Shared by calls, streams and exports. */
export type Request = (id: OperationId, request: RawRequest) => Promise<RawAnswer>;

export function createRequest(settings: CallSettings): Request {
  return async (id, { input, options, headers, endless = false }) => {
    const { method, path, flags } = describe(id);
    const credentials = flags.includes('a') ? NOBODY : settings.credentials;
    const retry = { ...settings.retry, ...options.retry };
    const idempotencyKey = flags.includes('k') ? (options.idempotencyKey ?? newIdempotencyKey()) : undefined;
    // A log-in changes nothing: it may be sent again like a read.
    const repeatable = method === 'GET' || idempotencyKey !== undefined || id === 'logIn';
    const url = settings.baseUrl + fill(path, input);
    const body = input.body === undefined ? undefined : JSON.stringify(input.body);
    const startedAt = performance.now();
    const leftMs = () => retry.totalMs - (performance.now() - startedAt);
    let effectUnknown = false;
    let renewed = false;

    const send = (token: string | undefined): Promise<Outcome> =>
      sendOnce({
        fetch: settings.fetch,
        url,
        init: {
          method,
          headers: headersOf({
            accept: 'application/json',
            authorization: token === undefined ? undefined : `Bearer ${token}`,
            'content-type': body === undefined ? undefined : 'application/json',
            'idempotency-key': idempotencyKey,
            'if-match': input.ifMatch,
            ...headers,
          }),
          // A redirect would turn a POST into a GET, or take the token elsewhere.
          redirect: 'manual',
          ...(body === undefined ? {} : { body }),
        },
        timeoutMs: Math.max(1, Math.min(options.timeoutMs ?? settings.timeoutMs, leftMs())),
        signal: options.signal,
        endless,
      });

    for (let attempt = 1; ; attempt += 1) {
      const token = await untilAborted(credentials.current(), options.signal);
      const outcome = await send(token);
      const facts = { operation: id, attempts: attempt, idempotencyKey };
      if (outcome.answered && outcome.response.ok) return { ...outcome, facts };
      const failure = failureOf(outcome);
      effectUnknown = method !== 'GET' && isInDoubt(effectUnknown, failure);
      if (failure.status === 401 && !renewed) {
        renewed = true;
        if (await untilAborted(credentials.renew(token), options.signal)) continue;
      }
      const error = failure.toError({ ...facts, effectUnknown });
      const delayMs = retryDelayMs(attempt, failure.retryAfterSeconds, retry);
      const mayRetry = failure.retry === 'any' || (failure.retry === 'repeatable' && repeatable);
      if (!mayRetry || attempt >= retry.attempts || delayMs >= leftMs()) throw error;
      (options.onRetry ?? settings.onRetry)?.({ operation: id, attempt, delayMs, error });
      await abortableDelay(delayMs, options.signal);
    }
  };
}

/** Whether it may have taken effect, after one more try. */
function isInDoubt(before: boolean, { effect }: Failure): boolean {
  return effect !== 'decided' && (before || effect === 'unknown');
}

function describe(id: OperationId): { method: string; path: string; flags: string } {
  const [method = '', path = '', flags = ''] = OPERATIONS[id].split(' ');
  return { method, path, flags };
}

/** Path and query of a request. */
function fill(template: string, { path = {}, query = {} }: RawInput): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = path[name] ?? '';
    // These would make another address of it, encoded or not.
    if (['', '.', '..'].includes(value)) throw new TypeError(`${name} must be an id, not "${value}".`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text === '' ? filled : `${filled}?${text}`;
}

/** Those that are there. Throws for what cannot be a header, before anything is sent. */
function headersOf(values: Readonly<Record<string, string | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) headers.set(name, value);
  return headers;
}
