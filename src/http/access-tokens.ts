import { createSigner, createVerifier } from 'fast-jwt';
import type { Caller, Role } from '../domain/caller.ts';
import { createBoundedMemory } from '../operations/bounded-memory.ts';

/** Signs and checks access tokens: JSON Web Tokens (RFC 7519) by HS256, with the id of their key in the header. */
export interface AccessTokens {
  readonly ttlSeconds: number;
  sign(subject: { readonly accountId: string; readonly role: Role; readonly onlySaleId?: string | null }): string;
  /** The caller that a token names, or undefined when anything about it is wrong. */
  verify(token: string): Caller | undefined;
}

/** How many checked tokens are remembered. One that was forgotten costs a check of its signature. */
const REMEMBERED_MAX = 20_000;

/** The longest that a checked token is believed without checking it again. */
const REMEMBERED_MS = 60_000;

const ROLES: readonly string[] = ['customer', 'merchant', 'courier', 'operator'] satisfies Role[];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * `keys` in order: the first signs, all verify, so that a key is rotated by adding a new one in front and removing the
 * old one when its tokens have expired. The algorithm is fixed; what the token says of it counts for nothing.
 */
export function createAccessTokens(options: {
  keys: readonly { readonly id: string; readonly secret: string }[];
  issuer: string;
  audience: string;
  ttlSeconds: number;
}): AccessTokens {
  const { keys, issuer, audience, ttlSeconds } = options;
  const [signing] = keys;
  if (signing === undefined) throw new Error('There is no key to sign tokens with.');

  const sign = createSigner({
    algorithm: 'HS256',
    key: signing.secret,
    kid: signing.id,
    iss: issuer,
    aud: audience,
    expiresIn: ttlSeconds * 1_000,
  });
  const verifiers = new Map(
    keys.map(({ id, secret }) => [
      id,
      createVerifier({
        algorithms: ['HS256'],
        key: secret,
        allowedIss: issuer,
        allowedAud: audience,
        requiredClaims: ['exp', 'iss', 'aud', 'sub', 'role'],
      }),
    ]),
  );
  const remembered = createBoundedMemory<{ readonly caller: Caller; readonly until: number }>(REMEMBERED_MAX);

  return {
    ttlSeconds,
    sign: ({ accountId, role, onlySaleId }) =>
      sign({ sub: accountId, role, ...(onlySaleId == null ? {} : { sale: onlySaleId }) }),
    verify(token) {
      const now = Date.now();
      const known = remembered.get(token);
      if (known !== undefined && known.until > now) return known.caller;
      const claims = check(verifiers, token);
      const caller = claims && callerOf(claims);
      if (claims === undefined || caller === undefined) return undefined;
      const expiresAt = Number(claims['exp']) * 1_000;
      // The claim says until when, not through when (RFC 7519 § 4.1.4).
      if (expiresAt <= now) return undefined;
      remembered.set(token, { caller, until: Math.min(expiresAt, now + REMEMBERED_MS) });
      return caller;
    },
  };
}

type Claims = Readonly<Record<string, unknown>>;

function check(verifiers: ReadonlyMap<string, (token: string) => Claims>, token: string): Claims | undefined {
  try {
    const [head = ''] = token.split('.', 1);
    const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'));
    if (typeof header !== 'object' || header === null || !('kid' in header)) return undefined;
    return typeof header.kid === 'string' ? verifiers.get(header.kid)?.(token) : undefined;
  } catch {
    return undefined;
  }
}

/** Claims have a signature, but the key may serve other issuers' programs too: nothing is taken on trust. */
function callerOf(claims: Claims): Caller | undefined {
  const { sub, role, sale, exp } = claims;
  if (typeof sub !== 'string' || !UUID.test(sub) || typeof exp !== 'number') return undefined;
  if (typeof role !== 'string' || !ROLES.includes(role)) return undefined;
  if (sale !== undefined && (typeof sale !== 'string' || !UUID.test(sale))) return undefined;
  return { kind: 'account', accountId: sub, role: role as Role, onlySaleId: sale ?? null };
}
