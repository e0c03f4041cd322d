import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import type { App } from './app.ts';
import { endConnections } from './end-connections.ts';
import { PROBLEMS, type ProblemCode, problemDocument } from './problems.ts';
import { replyError, replyProblem } from './reply-problem.ts';
import { type TraceRequestsOptions, traceRequests } from './trace-requests.ts';
import { compileValidator } from './validation.ts';

/** The largest body that is read. An order of 50 lines with its metadata takes some 20 KiB. */
const BODY_BYTES_MAX = 64 * 1024;

/** A client that takes longer than this to send its headers, or its whole request, is cut off. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** How often slow clients are looked for; Node's own 30 s would let them stay for that long. */
const SLOW_CLIENTS_CHECK_MS = 1_000;

/** A client that takes nothing of its answer for so long is cut off; it would hold the rest in memory for ever. */
const STALLED_READER_MS = 10_000;
/**
 * Requests that a connection may send ahead of their answers. Node takes as many as fit into one read of 64 KiB, and what
 * it answers to them waits in memory.
 */
const PIPELINED_MAX = 16;
/** What is smaller than this finds room in the system's own buffers, and is watched for by nobody. */
const WATCHED_ANSWER_BYTES = 16 * 1024;

/** What http.Server reports about requests that never became one, by its error codes. */
const CONNECTION_PROBLEMS: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** The HTTP server without its routes: request ids, validation, problem documents for whatever goes wrong. */
export async function createServer(options: {
  log: FastifyBaseLogger;
  publicUrl: string;
  /** How long the answer to a POST is kept for repeats. */
  answerRetentionSeconds: number;
  /** Origins whose pages may call from a browser. */
  corsOrigins: readonly string[];
  /** A request was answered; `seconds` is undefined where a route counts its time in a metric of its own. */
  observe: (method: string, route: string, status: number, seconds: number | undefined) => void;
  /** True from the moment a stop was asked for. Requests are still served, until the server is closed. */
  stopping: () => boolean;
  /** Absent: requests are not traced. */
  traces?: TraceRequestsOptions | undefined;
}): Promise<App> {
  const { log, publicUrl } = options;
  const app: App = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => randomUUID(),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: SLOW_CLIENTS_CHECK_MS,
      // Node would answer a missing Host without a problem document; the hook below does it with one.
      requireHostHeader: false,
      // Two Authorization headers are none: Node would take the first, and a proxy in front may have looked at the last.
      joinDuplicateHeaders: true,
    },
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => {
      reply.header('Request-Id', request.id);
      replyError(error, request, reply);
    },
    clientErrorHandler(error, socket) {
      if (!socket.writable) {
        socket.destroy();
        return;
      }
      const code = CONNECTION_PROBLEMS[error.code ?? ''] ?? 'malformed-request';
      const requestId = randomUUID();
      log.info({ requestId, reason: error.code }, 'a connection sent no valid request');
      const body = problemDocument(publicUrl, code, requestId, {});
      const head = `HTTP/1.1 ${PROBLEMS[code].status} ${code}\r\nContent-Type: application/problem+json\r\n`;
      socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();

  // An expectation that nobody knows may be ignored (RFC 9110 § 10.1.1); Node would answer 417 without a document.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));

  app.decorate('publicUrl', publicUrl);
  app.decorate('answerRetentionSeconds', options.answerRetentionSeconds);
  app.decorateRequest('caller', null);
  app.decorateRequest('observed', false);
  app.decorateRequest('traceParent', null);
  // JSON is the only body there is; Fastify would take text as well.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(compileValidator);
  app.setErrorHandler(replyError);
  app.setNotFoundHandler((_request, reply) =>
    replyProblem(reply, 'not-found', { detail: 'No route has this address.' }),
  );
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  endConnections(app, options.stopping);
  // Before whatever may answer, so that every problem names its trace.
  if (options.traces !== undefined) traceRequests(app, options.traces);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('Request-Id', request.id);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      replyProblem(reply, 'malformed-request', { detail: 'HTTP/1.1 needs a Host header (RFC 9112 § 3.2).' });
      return;
    }
    if (!closing) return done();
    replyProblem(reply, 'unavailable', {
      detail: 'This process is stopping. Nothing was done; retry with the same key.',
      retryAfterSeconds: 1,
    });
  });
  limitPipelining(app);
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isLarge(payload)) cutOffStalledReader(reply.raw);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    // The route's pattern, never the address: labels of a metric must stay few.
    const route = request.routeOptions.url ?? 'none';
    const seconds = request.observed ? undefined : reply.elapsedTime / 1_000;
    options.observe(request.method, route, reply.statusCode, seconds);
    request.log.debug({ method: request.method, url: request.url, status: reply.statusCode }, 'answered');
    done();
  });

  if (options.corsOrigins.length > 0) await allowOrigins(app, options.corsOrigins);
  // A route that does not exist is told before its body is read; after CORS, so that a page can read it.
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    replyProblem(reply, 'not-found', { detail: 'No route has this address.' });
  });
  return app;
}

/** Cuts off who sends too many requests ahead of their answers. */
function limitPipelining(app: App): void {
  const unanswered = new WeakMap<Socket, number>();
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    const count = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, count);
    if (count <= PIPELINED_MAX) return done();
    reply.hijack();
    socket.destroy();
  });
  app.addHook('onResponse', ({ raw: { socket } }, _reply, done) => {
    unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1);
    done();
  });
}

function isLarge(payload: unknown): boolean {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return payload.length > WATCHED_ANSWER_BYTES;
  return payload !== null && payload !== undefined;
}

/** The time runs while nothing moves on the connection, whoever is to blame; only a reader is punished for it. */
function cutOffStalledReader(response: ServerResponse): void {
  response.setTimeout(STALLED_READER_MS, () => {
    if (response.socket !== null && response.socket.writableLength > 0) response.socket.destroy();
  });
}

/** Lets pages of other origins call from a browser. */
async function allowOrigins(app: App, origins: readonly string[]): Promise<void> {
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'ETag',
      'Location',
      'Retry-After',
      'Idempotent-Replayed',
      'Request-Id',
      'Server-Time',
      'RateLimit',
      'RateLimit-Policy',
    ],
    maxAge: 600,
  });
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;

/**
 * Answers 405 with `Allow` (RFC 9110 § 15.5.6) where an address exists but not for the method. Call it before the
 * first route and the returned function after the last.
 */
export function collectMethods(app: App): () => void {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', (route) => {
    const known = methods.get(route.url) ?? new Set<string>();
    for (const method of [route.method].flat()) known.add(method);
    methods.set(route.url, known);
  });
  return () => {
    for (const [url, known] of [...methods]) {
      const allow = [...known].sort().join(', ');
      app.route({
        method: METHODS.filter((method) => !known.has(method)),
        url,
        schema: { hide: true },
        onRequest: async (_request, reply) => replyProblem(reply, 'method-not-allowed', { headers: { Allow: allow } }),
        handler: async () => undefined,
      });
    }
  };
}
