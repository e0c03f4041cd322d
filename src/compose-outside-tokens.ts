import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { createOutsideTokens, type OutsideTokens } from './http/outside-tokens.ts';

/** What checks the tokens of an outside issuer, where the configuration names one. */
export function composeOutsideTokens(config: Config, log: Pick<Logger, 'warn' | 'debug'>): OutsideTokens | undefined {
  const { OUTSIDE_ISSUER: issuer, OUTSIDE_AUDIENCE: audience } = config;
  if (issuer === undefined || audience === undefined) return undefined;
  return createOutsideTokens({
    issuer,
    audience,
    jwksUrl: config.OUTSIDE_JWKS_URL ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`,
    cooldownMs: config.OUTSIDE_JWKS_COOLDOWN_SECONDS * 1_000,
    algorithms: config.OUTSIDE_ALGORITHMS,
    mapping: {
      roleClaim: config.OUTSIDE_ROLE_CLAIM,
      roles: config.OUTSIDE_ROLE_MAP ?? [],
      roleDefault: config.OUTSIDE_ROLE_DEFAULT,
      merchantClaim: config.OUTSIDE_MERCHANT_CLAIM,
    },
    onAway: (error) => log.warn({ err: error }, 'the keys of the outside issuer could not be fetched'),
    onRefused: (reason) => log.debug({ reason }, 'a token of the outside issuer was refused'),
  });
}
