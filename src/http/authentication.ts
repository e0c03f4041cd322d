import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Caller } from '../domain/caller.ts';
import { ProblemError } from './problems.ts';

/** Who presents these credentials (the Authorization header), or undefined when they are no good. */
export type Authenticate = (authorization: string) => Caller | undefined | Promise<Caller | undefined>;

/** A hook that knows the caller before a body is read, and answers 401 to whoever it does not know (RFC 6750 § 3). */
export function requireCaller(authenticate: Authenticate): onRequestAsyncHookHandler {
  return async (request) => {
    const { authorization } = request.headers;
    if (authorization === undefined) {
      throw new ProblemError('unauthenticated', {
        detail: 'Send Authorization: Bearer with a token from POST /api/v1/sessions, or an API key.',
        headers: { 'WWW-Authenticate': 'Bearer' },
      });
    }
    const known = authenticate(authorization);
    const caller = known instanceof Promise ? await known : known;
    if (caller === undefined) {
      throw new ProblemError('unauthenticated', {
        detail: 'The token or API key is not valid (any more). Sign in again.',
        headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
      });
    }
    request.caller = caller;
  };
}

/** The caller of a route behind `requireCaller`. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('This route asks for its caller but does not require one.');
  return request.caller;
}
