import { hash } from 'node:crypto';
import type { Caller, Role } from '../domain/caller.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** What the claims of an outside issuer mean here. */
export interface ClaimMapping {
  /** Where a token says what its subject may do: the name of a claim, or names with dots between. */
  readonly roleClaim: string | undefined;
  /** Which value makes which role. The first that a token has counts. */
  readonly roles: readonly { readonly value: string; readonly role: Role }[];
  /** Of whom none of these is said: a customer, or somebody without access. */
  readonly roleDefault: 'customer' | 'none';
  /** Where a token names the merchants that its subject works for. */
  readonly merchantClaim: string | undefined;
}

/** OpenID Connect allows no longer subjects. */
const SUBJECT_LENGTH_MAX = 255;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Who a checked token's subject is here; `no-role` for somebody without access, undefined without a usable subject. */
export function callerFrom(issuer: string, claims: Claims, mapping: ClaimMapping): Caller | 'no-role' | undefined {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > SUBJECT_LENGTH_MAX) return undefined;
  const values = textsAt(claims, mapping.roleClaim);
  const role = mapping.roles.find(({ value }) => values.includes(value))?.role ?? mapping.roleDefault;
  if (role === 'none') return 'no-role';
  const merchantIds = textsAt(claims, mapping.merchantClaim).map((id) => id.toLowerCase());
  return {
    kind: 'account',
    accountId: outsideAccountId(issuer, sub),
    role,
    onlySaleId: null,
    merchantIds: [...new Set(merchantIds)].filter((id) => UUID.test(id)),
  };
}

/** The namespace of addresses (RFC 9562 § 6.6). */
const URL_NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';

/**
 * The id of an outside issuer's subject. It is computed, so every process gives one person one id without a row in the
 * ledger: the UUID of version 5 of the subject, in the namespace that is the one of the issuer.
 */
export function outsideAccountId(issuer: string, subject: string): string {
  return uuidV5(uuidV5(URL_NAMESPACE, issuer), subject);
}

/** A UUID of version 5 (RFC 9562 § 5.5). */
function uuidV5(namespace: string, name: string): string {
  const digest = hash('sha1', Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name)]));
  const variant = ((Number.parseInt(digest.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `5${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}

/** A text or a list of texts; whatever else a token has there is as if it were not. */
function textsAt(claims: Claims, path: string | undefined): string[] {
  if (path === undefined) return [];
  const value = valueAt(claims, path);
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
}

/** The names of claims may have dots themselves (`https://shop.example/role`), so the whole path is tried first. */
function valueAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Claims)[name];
  }
  return value;
}
