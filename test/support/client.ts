import { randomUUID } from 'node:crypto';
import { createSigner } from 'fast-jwt';

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined when it is none. Tests look into it freely. */
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts on what it expects, whatever came
  readonly json: any;
}

export interface RequestOptions {
  readonly token?: string;
  /** Idempotency-Key; `auto` makes a new one. */
  readonly key?: string;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly rawBody?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Reads no body of a success: it may have no end. */
  readonly endless?: boolean;
}

/** Sends a request on a connection of its own, so that whatever balances connections balances requests. */
export async function send(method: string, url: string, options: RequestOptions = {}): Promise<Answer> {
  const headers = new Headers({ connection: 'close', ...options.headers });
  if (options.token !== undefined) headers.set('authorization', `Bearer ${options.token}`);
  if (options.key !== undefined) headers.set('idempotency-key', options.key === 'auto' ? randomUUID() : options.key);
  const body = options.rawBody ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  if (body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (options.endless && response.ok) {
    await response.body?.cancel();
    return { status: response.status, headers: response.headers, text: '', json: undefined };
  }
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The engine's development key. */
const sign = createSigner({
  algorithm: 'HS256',
  key: 'not-a-secret-not-a-secret-not-a-secret',
  kid: 'development',
  iss: 'doorbuster',
  aud: 'doorbuster',
  expiresIn: 3_600_000,
});

/** A token as the engine would give it. Customers need no account to order, which spares the password hashing. */
export function tokenFor(accountId: string, role = 'customer'): string {
  return sign({ sub: accountId, role });
}

/** A customer that nobody has seen before. */
export function newCustomer(): { readonly id: string; readonly token: string } {
  const id = randomUUID();
  return { id, token: tokenFor(id) };
}
