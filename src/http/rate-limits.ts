import type { FastifyReply, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify';
import { callerId } from '../domain/caller.ts';
import type { RateLimiter, Taken } from '../gate/rate-limiter.ts';
import type { AddressSet } from './address-set.ts';
import type { App } from './app.ts';
import { networkOf } from './client-address.ts';
import { replyProblem } from './reply-problem.ts';
import type { ClientAddressOf } from './trusted-proxies.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** An operation of the API that no rate limit counts. */
    unlimited?: boolean;
  }
}

export interface RateLimits {
  /** Requests from one address, before anything else is known of them. */
  readonly byAddress?: RateLimiter | undefined;
  /** Requests of one account, or of one merchant's back ends. */
  readonly byUser?: RateLimiter | undefined;
  /** Addresses that nothing limits. */
  readonly isAllowed?: AddressSet | undefined;
  readonly clientAddressOf: ClientAddressOf;
}

/**
 * Limits how often the operations of the API are asked for. Call it before the first route. The order of the checks is
 * a promise: 404 and 405 come before all limits and count for none, then the limit by address, then 401, then the
 * limit by user, then the body. What is not configured costs nothing.
 */
export function limitRates(app: App, limits: RateLimits): void {
  const { byAddress, byUser } = limits;
  const policies = [byAddress, byUser].flatMap((limiter) => limiter?.policy ?? []);
  if (policies.length === 0) return;
  const policyField = policies.map(({ name, quota, windowSeconds }) => `"${name}";q=${quota};w=${windowSeconds}`);
  const hookFor = (limiter: RateLimiter | undefined, keyOf: KeyOf) =>
    limiter === undefined ? [] : [limitHook(limiter, policyField.join(', '), keyOf)];

  const isAllowed = ({ raw }: FastifyRequest) => limits.isAllowed?.(limits.clientAddressOf(raw)) === true;
  const before = hookFor(byAddress, (request) =>
    isAllowed(request) ? undefined : networkOf(limits.clientAddressOf(request.raw)),
  );
  const after = hookFor(byUser, (request) =>
    request.caller === null || isAllowed(request) ? undefined : callerId(request.caller),
  );
  app.addHook('onRoute', (route) => {
    // Authentication is the route's own hook, and nothing of a body has been read yet.
    if (isLimited(route)) route.onRequest = [...before, ...[route.onRequest ?? []].flat(), ...after];
  });
}

/** Operations of the API have ids; the answers to wrong methods have none, and health, metrics and pages lie elsewhere. */
function isLimited({ url, schema, config }: Pick<RouteOptions, 'url' | 'schema' | 'config'>): boolean {
  return url.startsWith('/api/') && schema?.operationId !== undefined && config?.unlimited !== true;
}

/** By what a limit counts a request; undefined where it does not. */
type KeyOf = (request: FastifyRequest) => string | undefined;

function limitHook(limiter: RateLimiter, policyField: string, keyOf: KeyOf): onRequestHookHandler {
  const { name } = limiter.policy;
  return (request, reply, done) => {
    const key = keyOf(request);
    if (key === undefined) return done();
    limiter.take(key).then(
      (taken) => {
        addFields(reply, policyField, name, taken);
        if (taken.allowed) done();
        else refuse(reply, name, taken);
      },
      (error: unknown) => {
        // A limit protects the service; it is no reason to refuse it.
        request.log.error({ err: error }, 'a rate limit could not be counted');
        done();
      },
    );
  };
}

const secondsOf = ({ resetMs }: Taken) => Math.ceil(resetMs / 1_000);

/** draft-ietf-httpapi-ratelimit-headers-10: one item for each limit that counted this request. */
function addFields(reply: FastifyReply, policyField: string, name: string, taken: Taken): void {
  const item = `"${name}";r=${taken.remaining};t=${secondsOf(taken)}`;
  const earlier = reply.getHeader('RateLimit');
  reply.header('RateLimit-Policy', policyField);
  reply.header('RateLimit', earlier === undefined ? item : `${earlier}, ${item}`);
}

function refuse(reply: FastifyReply, policy: string, taken: Taken): void {
  replyProblem(reply, 'rate-limited', {
    detail: 'Nothing was looked at or done. Wait for the time in Retry-After; the header RateLimit counts down.',
    retryAfterSeconds: secondsOf(taken),
    extras: { policy },
  });
}
