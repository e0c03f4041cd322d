import { decodeJwt, decodeProtectedHeader, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Caller } from '../domain/caller.ts';
import { createBoundedMemory } from '../operations/bounded-memory.ts';
import { type ClaimMapping, type Claims, callerFrom } from './outside-claims.ts';
import { createOutsideKeys, KeysAwayError } from './outside-keys.ts';
import { ProblemError } from './problems.ts';

/** Checks access tokens of an outside issuer: JSON Web Tokens (RFC 7519, RFC 9068) by the keys that it publishes. */
export interface OutsideTokens {
  /**
   * The caller that a token names, at once when it was checked a moment ago; undefined when it is of somebody else or
   * anything about it is wrong. Rejects with the problem to answer with when the issuer's keys are needed and cannot be
   * fetched, and when the person has no access.
   */
  verify(token: string): Caller | undefined | Promise<Caller | undefined>;
}

/** Only algorithms with a public key: nothing that the issuer publishes can sign. */
export type OutsideAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

/** What the memory of checked tokens may take: characters, which are bytes. Tokens of some issuers are long. */
const REMEMBERED_CHARACTERS_MAX = 32 * 1024 * 1024;

/** The longest that a checked token is believed without checking it again. */
const REMEMBERED_MS = 60_000;

/** How far the issuer's clock and ours may be apart. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Other kinds of tokens by the same keys (of a logout, say) are no access tokens. Many issuers leave the type out. */
const TYPES: readonly unknown[] = [undefined, 'jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'];

export function createOutsideTokens(options: {
  /** The iss of its tokens, exactly. */
  issuer: string;
  audience: string;
  /** Where it publishes its keys. */
  jwksUrl: string;
  /** Between two fetches of the keys. */
  cooldownMs: number;
  algorithms: readonly OutsideAlgorithm[];
  mapping: ClaimMapping;
  /** The keys could not be fetched. */
  onAway: (error: unknown) => void;
  /** Why a token of this issuer was refused, for whoever sets it up. Says nothing of whose token it is. */
  onRefused: (reason: string) => void;
}): OutsideTokens {
  const { issuer, algorithms, mapping, onRefused } = options;
  const keys = createOutsideKeys({ url: options.jwksUrl, cooldownMs: options.cooldownMs, onAway: options.onAway });
  const rules: JWTVerifyOptions = {
    algorithms: [...algorithms],
    issuer,
    audience: options.audience,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  const remembered = createBoundedMemory<{ readonly caller: Caller; readonly until: number }>(
    REMEMBERED_CHARACTERS_MAX,
    (_, token) => token.length,
  );

  async function check(token: string): Promise<Caller | undefined> {
    const claims = await claimsOf(token, keys, rules, onRefused);
    const caller = claims && callerFrom(issuer, claims, mapping);
    if (claims === undefined || caller === undefined) return undefined;
    if (caller === 'no-role') throw NO_ROLE;
    const now = Date.now();
    remembered.set(token, { caller, until: Math.min(Number(claims['exp']) * 1_000, now + REMEMBERED_MS) });
    return caller;
  }

  return {
    verify(token) {
      const known = remembered.get(token);
      if (known !== undefined && known.until > Date.now()) return known.caller;
      return saysItIsFrom(issuer, algorithms, token) ? check(token) : undefined;
    },
  };
}

const NO_ROLE = new ProblemError('forbidden', { detail: 'The token is good, but gives you no role here.' });

/** Whether a token is worth a check. Nothing of what it says is believed: it can only be refused early. */
function saysItIsFrom(issuer: string, algorithms: readonly string[], token: string): boolean {
  try {
    const { kid, alg, typ } = decodeProtectedHeader(token);
    // Without an id each key of the set would have to be tried.
    if (typeof kid !== 'string' || !algorithms.includes(String(alg))) return false;
    return TYPES.includes(typ?.toLowerCase()) && decodeJwt(token).iss === issuer;
  } catch {
    return false;
  }
}

async function claimsOf(
  token: string,
  keys: JWTVerifyGetKey,
  rules: JWTVerifyOptions,
  onRefused: (reason: string) => void,
): Promise<Claims | undefined> {
  try {
    return (await jwtVerify(token, keys, rules)).payload;
  } catch (error) {
    if (error instanceof KeysAwayError) {
      throw new ProblemError('unavailable', {
        detail: 'The keys of the token issuer cannot be fetched at the moment. Nothing was done. Retry.',
        retryAfterSeconds: error.retryAfterSeconds,
      });
    }
    // Also what is wrong with a key that the issuer publishes: no token by it is good.
    onRefused(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
