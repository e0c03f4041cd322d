import type { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { hostOf, isPublicAddress, PrivateAddressError, publicLookup } from './public-address.ts';
import { parseRetryAfter } from './retry-delay.ts';

/** What came of one try. */
export type SendResult =
  | {
      readonly result: 'answered';
      readonly status: number;
      /** What its Retry-After asks for; null without one. */
      readonly retryAfterMs: number | null;
      /** The beginning of the body, as UTF-8 text. */
      readonly response: string;
      readonly durationMs: number;
    }
  | { readonly result: 'failed'; readonly error: string; readonly durationMs: number };

/** Null where the receiver has taken it, which any 2xx says. A redirect is not followed, and so is none. */
export function sendErrorOf(result: SendResult): string | null {
  if (result.result === 'failed') return result.error;
  const { status } = result;
  return status >= 200 && status < 300 ? null : `The receiver answered ${status}.`;
}

/** What the receiver answered; null where it did not. */
export function answerOf(result: SendResult): Extract<SendResult, { result: 'answered' }> | null {
  return result.result === 'answered' ? result : null;
}

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
  /** Cuts the try off. */
  readonly signal?: AbortSignal;
}

/** Sends requests to addresses that others have chosen. */
export interface HttpSender {
  /** POSTs once and never rejects. The whole try takes no longer than the sender's time-out. */
  send(request: HttpRequest): Promise<SendResult>;
  /** Closes idle connections, and those whose request is over by then. */
  close(): Promise<void>;
}

/** What is kept of an answer; nobody reads more of it. */
const RESPONSE_BYTES_MAX = 1_024;
/** The status has come by then: a body is worth no longer a wait. */
const BODY_TIMEOUT_MS = 1_000;
const HEADER_BYTES_MAX = 8 * 1_024;
/** A receiver's own keep-alive hint may not make connections pile up. */
const KEEP_ALIVE_MAX_MS = 10_000;

/**
 * Makes what sends webhooks. It follows no redirect, reads a bounded beginning of the answer, and opens connections to
 * public addresses only (unless `allowPrivate`): the address that a name has at that moment is checked, and the one
 * that was connected to, too. `resolve` is for tests.
 */
export function createHttpSender(options: {
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  readonly resolve?: typeof lookup;
}): HttpSender {
  const { allowPrivate, timeoutMs } = options;
  const agent = new Agent({
    connect: publicConnector(options),
    allowH2: false,
    headersTimeout: timeoutMs,
    maxHeaderSize: HEADER_BYTES_MAX,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
  });

  return {
    async send({ url, headers, body, signal }) {
      const startedAt = performance.now();
      const durationMs = () => Math.round(performance.now() - startedAt);
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const target = new URL(url);
        if (!allowPrivate) refusePrivateLiteral(target);
        const answer = await agent.request({
          origin: target.origin,
          path: `${target.pathname}${target.search}`,
          method: 'POST',
          headers: { 'content-type': 'application/json', 'user-agent': 'Doorbuster', ...headers },
          body,
          signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
        });
        const response = await readBeginning(answer.body);
        const retryAfterMs = parseRetryAfter(oneOf(answer.headers['retry-after']), new Date());
        return { result: 'answered', status: answer.statusCode, retryAfterMs, response, durationMs: durationMs() };
      } catch (error) {
        const late = timeout.aborted && signal?.aborted !== true;
        const reason = late ? `There was no answer within ${timeoutMs} ms.` : reasonOf(error);
        return { result: 'failed', error: reason, durationMs: durationMs() };
      }
    },
    close: () => agent.destroy(),
  };
}

function publicConnector(options: {
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  readonly resolve?: typeof lookup;
}): buildConnector.connector {
  const { allowPrivate, timeoutMs: timeout, resolve } = options;
  const common = { allowH2: false, timeout };
  if (allowPrivate) return buildConnector(common);
  const connect = buildConnector({ ...common, lookup: publicLookup(resolve) });
  return (target, callback) =>
    connect(target, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      if (isPublicAddress(socket.remoteAddress ?? '')) return callback(null, socket);
      socket.destroy();
      return callback(new PrivateAddressError(target.hostname), null);
    });
}

/** No name, no look-up: an address in the URL is connected to as it is. */
function refusePrivateLiteral(target: URL): void {
  const host = hostOf(target);
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new PrivateAddressError(host);
}

/** The first bytes of a body, however much or slowly more comes. The connection of one that goes on is closed. */
async function readBeginning(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const impatience = setTimeout(() => body.destroy(), BODY_TIMEOUT_MS);
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= RESPONSE_BYTES_MAX) break;
    }
  } catch {
    // Cut off: what came before is all there is.
  } finally {
    clearTimeout(impatience);
  }
  return Buffer.concat(chunks).subarray(0, RESPONSE_BYTES_MAX).toString('utf8');
}

function oneOf(header: Dispatcher.ResponseData['headers'][string]): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** A sentence for people. Where several addresses were tried, the first failure speaks. */
function reasonOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return 'The request failed.';
  return first.message.endsWith('.') ? first.message : `${first.message}.`;
}
