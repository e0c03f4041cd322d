import { hash, randomBytes } from 'node:crypto';
import type { Caller } from '../domain/caller.ts';
import { findGoodApiKey } from '../ledger/api-keys.ts';
import type { Queryable } from '../ledger/statement.ts';
import { createBoundedMemory } from '../operations/bounded-memory.ts';

/** Tells an API key from an access token, and lets scanners for leaked secrets know one. */
export const API_KEY_PREFIX = 'dbk_';

/** 256 random bits: nothing to guess, so a fast hash is enough. */
const SECRET_BYTES = 32;

const SECRET = /^dbk_[\w-]{43}$/;

/**
 * How long a good key is believed without asking the ledger. The published bound for a revoked key is 10 s; a slow
 * look-up must fit into it as well.
 */
const BELIEVED_MS = 5_000;

const REMEMBERED_MAX = 10_000;

/** The caller behind an API key, at once when the key was looked up a moment ago; undefined when it is no good. */
export type FindApiKey = (secret: string) => Caller | undefined | Promise<Caller | undefined>;

/** A new secret, to be shown once, and what is kept of it: a SHA-256, hex. */
export function makeApiKeySecret(): { readonly secret: string; readonly secretHash: string } {
  const secret = `${API_KEY_PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { secret, secretHash: hash('sha256', secret) };
}

/**
 * Looks keys up in the ledger and believes a good one for a few seconds. Only good ones are remembered, so a new key
 * works at once and guessing fills no memory. Requests that ask for one key at the same time share a look-up.
 */
export function createFindApiKey(database: Queryable): FindApiKey {
  // By hash: the memory of the process holds no secrets.
  const believed = createBoundedMemory<{ readonly caller: Caller; readonly until: number }>(REMEMBERED_MAX);
  const underWay = new Map<string, Promise<Caller | undefined>>();

  async function lookUp(secretHash: string): Promise<Caller | undefined> {
    // Counted from before the ledger is asked: what it says may be old by the time it arrives.
    const until = performance.now() + BELIEVED_MS;
    try {
      const key = await findGoodApiKey(database, secretHash);
      if (key === undefined) return undefined;
      const caller: Caller = { kind: 'shop', merchantId: key.merchantId, apiKeyId: key.id };
      believed.set(secretHash, { caller, until });
      return caller;
    } finally {
      underWay.delete(secretHash);
    }
  }

  return (secret) => {
    if (!SECRET.test(secret)) return undefined;
    const secretHash = hash('sha256', secret);
    const known = believed.get(secretHash);
    if (known !== undefined && known.until > performance.now()) return known.caller;
    const looking = underWay.get(secretHash) ?? lookUp(secretHash);
    underWay.set(secretHash, looking);
    return looking;
  };
}
