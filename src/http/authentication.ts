import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Caller } from '../domain/caller.ts';
import type { AccessTokens } from './access-tokens.ts';
import { API_KEY_PREFIX, type FindApiKey } from './api-keys.ts';
import type { OutsideTokens } from './outside-tokens.ts';
import { ProblemError } from './problems.ts';

/** Who presents these credentials (the Authorization header), or undefined when they are no good. */
export type Authenticate = (authorization: string) => Caller | undefined | Promise<Caller | undefined>;

/** Bearer credentials (RFC 6750 § 2.1); the scheme's name is the same in any letter case. */
const BEARER = /^bearer +(\S+)$/i;

/** The token of an Authorization header, if it is a bearer's. */
export function bearerOf(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.[1];
}

/** Tells callers by their access token, ours or that of an outside issuer if there is one, or by their API key. */
export function createAuthenticate(options: {
  tokens: AccessTokens;
  findApiKey: FindApiKey;
  outside?: OutsideTokens | undefined;
}): Authenticate {
  const { tokens, findApiKey, outside } = options;
  return (authorization) => {
    const credentials = bearerOf(authorization);
    if (credentials === undefined) return undefined;
    return credentials.startsWith(API_KEY_PREFIX)
      ? findApiKey(credentials)
      : (tokens.verify(credentials) ?? outside?.verify(credentials));
  };
}

/**
 * A hook that knows the caller before a body is read, and answers 401 to whoever it does not know (RFC 6750 § 3).
 * Access tokens are told at once, so the hot path waits for no promise; those of an outside issuer from the second time on.
 */
export function requireCaller(authenticate: Authenticate): onRequestHookHandler {
  return (request, _reply, done) => {
    const { authorization } = request.headers;
    if (authorization === undefined) return done(NO_CREDENTIALS);
    const known = authenticate(authorization);
    if (known instanceof Promise) known.then((caller) => done(admit(request, caller)), done);
    else done(admit(request, known));
  };
}

const NO_CREDENTIALS = new ProblemError('unauthenticated', {
  detail: 'Send Authorization: Bearer with a token from POST /api/v1/sessions, or an API key.',
  headers: { 'WWW-Authenticate': 'Bearer' },
});

const BAD_CREDENTIALS = new ProblemError('unauthenticated', {
  detail: 'The token or API key is not valid (any more). Sign in again.',
  headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
});

/** Notes who calls; the problem, when nobody known does. */
function admit(request: FastifyRequest, caller: Caller | undefined): ProblemError | undefined {
  if (caller === undefined) return BAD_CREDENTIALS;
  request.caller = caller;
  return undefined;
}

/** The caller of a route behind `requireCaller`. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('This route asks for its caller but does not require one.');
  return request.caller;
}
