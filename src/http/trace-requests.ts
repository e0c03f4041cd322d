import type { FastifyReply, FastifyRequest } from 'fastify';
import { traceIdOf } from '../operations/trace-parent.ts';
import type { Span, Tracing } from '../operations/tracing.ts';
import { createAddressSet } from './address-set.ts';
import type { App } from './app.ts';

export interface TraceRequestsOptions {
  readonly tracing: Tracing;
  /** Addresses and CIDR ranges of those whose traces go on here, sampled as they say. */
  readonly from: readonly string[];
}

/** What machines ask for every few seconds is no work of anybody. */
const UNTRACED = /^\/(?:health|metrics)(?:\/|$)/;

/**
 * Makes a span of each request that is sampled, and puts the id of its trace into the request's log lines. Whoever opens
 * the connection vouches for the `traceparent` header: any client could otherwise make the engine keep all traces.
 */
export function traceRequests(app: App, { tracing, from }: TraceRequestsOptions): void {
  const isFollowed = createAddressSet(from);
  app.addHook('onRequest', (request, reply, done) => {
    const incoming = request.headers['traceparent'];
    const origin =
      typeof incoming === 'string'
        ? tracing.sample(incoming, from.length > 0 && isFollowed(request.raw.socket.remoteAddress ?? ''))
        : tracing.sample(undefined, false);
    if (origin === undefined) return done();
    const { method } = request;
    const route = request.routeOptions.url;
    if (route !== undefined && UNTRACED.test(route)) return done();
    const name = route === undefined ? method : `${method} ${route}`;
    follow(tracing.startTrace(origin, name, { kind: 'server' }), request, reply);
    done();
  });
}

function follow(span: Span, request: FastifyRequest, reply: FastifyReply): void {
  const { traceParent } = span;
  const route = request.routeOptions.url;
  request.traceParent = traceParent;
  const log = request.log.child({ traceId: traceIdOf(traceParent) });
  request.log = log;
  reply.log = log;
  span.setAttributes({
    'http.request.method': request.method,
    'url.scheme': request.protocol,
    // Without the query: it may name people.
    'url.path': request.url.split('?', 1)[0] ?? '',
    'doorbuster.request_id': request.id,
    ...(route === undefined ? {} : { 'http.route': route }),
  });
  // Comes once however the request ends, also when the client has gone.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) return span.end('aborted');
    const { statusCode } = reply.raw;
    span.setAttributes({ 'http.response.status_code': statusCode });
    span.end(statusCode >= 500 ? String(statusCode) : undefined);
  });
}
