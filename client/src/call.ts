import { abortableDelay, untilAborted } from './abortable.ts';
import { type Credentials, NOBODY } from './credentials.ts';
import type { Body, ConditionalOperationId, Content, KeyedOperationId, OperationId, Path, Query } from './documents.ts';
import { type CallFacts, type DoorbusterError, UnexpectedAnswerError } from './errors.ts';
import { type Failure, failureOf } from './failure.ts';
import { newIdempotencyKey } from './idempotency-key.ts';
import { OPERATIONS } from './operations.ts';
import { type RetryOptions, retryDelayMs } from './retry-delay.ts';
import { type Fetch, type Outcome, sendOnce } from './send-once.ts';

/** A request that is about to be sent again. */
export interface RetryNotice {
  readonly operation: OperationId;
  /** The try that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: DoorbusterError;
}

/** How one call is made. What is left out is as the client was made. */
export interface CallOptions {
  /** Ends the call at any moment, also between two tries; it then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** For each try, its whole answer included. Default 30,000: longer than the engine thinks about anything. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: Partial<RetryOptions> | undefined;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
}

/** How an intent is called for. */
export interface KeyedOptions extends CallOptions {
  /**
   * The intent's key, 1 to 255 visible ASCII characters. Without one the call makes its own and keeps it over its tries.
   * Give one that you have stored, and the intent has one effect over reloads and restarts too.
   */
  readonly idempotencyKey?: string | undefined;
}

/** The options of an operation. */
export type OptionsOf<Id extends OperationId> = Id extends KeyedOperationId ? KeyedOptions : CallOptions;

/** What an operation is asked for, as the OpenAPI document describes it. */
export type Input<Id extends OperationId> = (Path<Id> extends undefined ? unknown : { readonly path: Path<Id> }) &
  (Body<Id> extends undefined ? unknown : { readonly body?: Body<Id> | undefined }) &
  (Id extends ConditionalOperationId ? { readonly ifMatch: string } : unknown) & {
    readonly query?: Query<Id> | undefined;
  };

/** A success. */
export interface Answer<Document> {
  readonly data: Document;
  readonly status: number;
  readonly headers: Headers;
  /** The version of what was answered, where there is one. */
  readonly etag: string | undefined;
  /** The engine had answered this key before: the effect is that of an earlier request. */
  readonly replayed: boolean;
  readonly idempotencyKey: string | undefined;
}

/**
 * Calls an operation by its name in the OpenAPI document. Sent again is what cannot have a second effect: reads and
 * whatever has a key; other writes only where nothing was done.
 * @throws DoorbusterProblem, ConnectionError, UnexpectedAnswerError; the reason of an aborted signal
 */
export type Call = <Id extends OperationId>(
  id: Id,
  input: Input<Id>,
  options?: OptionsOf<Id>,
) => Promise<Answer<Content<Id>>>;

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
interface RawInput {
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
  readonly facts: CallFacts;
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
      const failure = failureOf(outcome);
      effectUnknown = doubtAfter(effectUnknown, failure, method);
      const facts = { operation: id, attempts: attempt, idempotencyKey, effectUnknown };
      if (outcome.answered && failure === undefined) return { ...outcome, facts };
      if (failure === undefined) throw new Error('A try without an answer is a failure.');
      if (failure.status === 401 && !renewed) {
        renewed = true;
        if (await untilAborted(credentials.renew(token), options.signal)) continue;
      }
      const error = failure.toError(facts);
      const delayMs = retryDelayMs(attempt, failure.retryAfterSeconds, retry);
      const mayRetry = failure.retry === 'any' || (failure.retry === 'repeatable' && repeatable);
      if (!mayRetry || attempt >= retry.attempts || delayMs >= leftMs()) throw error;
      (options.onRetry ?? settings.onRetry)?.({ operation: id, attempt, delayMs, error });
      await abortableDelay(delayMs, options.signal);
    }
  };
}

/** Makes the typed core of a client. */
export function createCall(request: Request): Call {
  return async (id, input, options) => {
    const { response, text, facts } = await request(id, { input: input as RawInput, options: options ?? {} });
    return {
      data: parseDocument(facts, response, text),
      status: response.status,
      headers: response.headers,
      etag: response.headers.get('etag') ?? undefined,
      replayed: response.headers.get('idempotent-replayed') === 'true',
      idempotencyKey: facts.idempotencyKey,
    };
  };
}

/** A success without a body has no document. The types of documents are the engine's word, which is not checked again. */
function parseDocument<Document>(facts: CallFacts, response: Response, text: string): Document {
  if (text === '') return undefined as Document;
  try {
    return JSON.parse(text) as Document;
  } catch {
    throw new UnexpectedAnswerError(facts, response.status, text);
  }
}

function doubtAfter(before: boolean, failure: Failure | undefined, method: string): boolean {
  if (failure === undefined || failure.effect === 'decided' || method === 'GET') return false;
  return before || failure.effect === 'unknown';
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
