import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { Caller } from '../domain/caller.ts';

/** The HTTP application that routes are added to: Fastify with types from TypeBox schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  interface FastifyInstance {
    /** Where the engine is reached from outside, without a slash at the end. */
    publicUrl: string;
    /** How long the answer to a POST is kept for repeats. */
    answerRetentionSeconds: number;
  }
  interface FastifyRequest {
    /** Set by authentication before the body is read; null on public routes. */
    caller: Caller | null;
    /** The W3C traceparent of the request's span, where it is sampled. */
    traceParent: string | null;
    /** Set by a route that counts the time of this request in a metric of its own. */
    observed: boolean;
  }
}
