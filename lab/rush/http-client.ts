import http from 'node:http';
import https from 'node:https';

interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly token?: string;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  /** JSON text. */
  readonly body?: string;
  /** Destroys the socket as soon as the request has left, whatever the server makes of it. */
  readonly hangUp?: boolean;
}

/** What became of a request. Moments by `performance.now()`: the first before a byte left, the other after all had come. */
export type Exchange = { readonly sentAtMs: number } & (
  | { readonly answered: false; readonly failure: string }
  | {
      readonly answered: true;
      readonly answeredAtMs: number;
      readonly status: number;
      readonly headers: http.IncomingHttpHeaders;
      readonly body: Buffer;
    }
);

export interface HttpClient {
  /** Sends one request once. Never throws: no answer is an exchange too. */
  send(request: HttpRequest): Promise<Exchange>;
  close(): void;
}

/** Silence for this long is taken for a lost answer. Well above any deadline of the engine. */
const SILENCE_MS_MAX = 30_000;

/** A client with at most `connections` connections, kept alive between requests. node:http: the least work per request. */
export function createHttpClient(baseUrl: string, connections: number, silenceMsMax = SILENCE_MS_MAX): HttpClient {
  const base = new URL(baseUrl);
  const protocol = base.protocol === 'https:' ? https : http;
  const agent = new protocol.Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  const prefix = base.pathname.replace(/\/$/, '');
  const { hostname, port } = base;
  return {
    send(request) {
      const sentAtMs = performance.now();
      return new Promise((resolve) => {
        const fail = (failure: string) => resolve({ sentAtMs, answered: false, failure });
        const outgoing = protocol.request({
          agent,
          hostname: hostname.replace(/^\[|\]$/g, ''),
          port,
          method: request.method,
          path: prefix + request.path,
          headers: headersOf(request),
          timeout: silenceMsMax,
        });
        outgoing.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
        outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
        if (request.hangUp === true) outgoing.on('finish', () => outgoing.destroy(new Error('hung up')));
        outgoing.on('response', (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', (error) => fail(error.message));
          incoming.on('end', () =>
            resolve({
              sentAtMs,
              answered: true,
              answeredAtMs: performance.now(),
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: Buffer.concat(chunks),
            }),
          );
        });
        outgoing.end(request.body);
      });
    },
    close() {
      agent.destroy();
    },
  };
}

function headersOf(request: HttpRequest): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = { Accept: 'application/json' };
  if (request.token !== undefined) headers['Authorization'] = `Bearer ${request.token}`;
  if (request.idempotencyKey !== undefined) headers['Idempotency-Key'] = request.idempotencyKey;
  if (request.ifMatch !== undefined) headers['If-Match'] = request.ifMatch;
  if (request.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    headers['Content-Length'] = Buffer.byteLength(request.body);
  }
  return headers;
}

/** The JSON value of a body; `undefined` when it is none. */
export function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
