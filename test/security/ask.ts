import type { Answer, RequestOptions } from '../support/client.ts';

/** What nobody answers within this hangs. */
const PATIENCE_MS = 20_000;

/**
 * Sends a request as `send` does, but on connections that are kept, and leaves an event stream as soon as it has begun:
 * for tests that send thousands.
 */
export async function ask(method: string, url: string, options: RequestOptions = {}): Promise<Answer> {
  const headers = new Headers(options.headers);
  if (options.token !== undefined) headers.set('authorization', `Bearer ${options.token}`);
  if (options.key !== undefined) headers.set('idempotency-key', options.key);
  const body = options.rawBody ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  if (body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
  const leave = new AbortController();
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.any([leave.signal, AbortSignal.timeout(PATIENCE_MS)]),
    ...(body === undefined ? {} : { body }),
  });
  const { status } = response;
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    leave.abort();
    return { status, headers: response.headers, text: '', json: undefined };
  }
  const text = await response.text();
  return { status, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
