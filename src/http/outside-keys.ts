import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';

/** How long a fetch of the key set may take; nobody waits longer for a key. */
const FETCH_TIMEOUT_MS = 3_000;

/** After this a key set is fetched anew, behind the answers: so long may a key be good that the issuer took away. */
const REFRESH_MS = 10 * 60_000;

/** While the key set cannot be fetched the known keys go on counting, but not for ever: the issuer may have ended one. */
const KEPT_MS = 24 * 3_600_000;

/** The key set cannot be fetched, so whether a token is good is not known. */
export class KeysAwayError extends Error {
  /** When it will be tried again. */
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('The key set cannot be fetched.');
    this.name = 'KeysAwayError';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Finds the key of a token in the issuer's key set (RFC 7517), which is fetched at once and remembered. A key id that is
 * not in it lets the set be fetched anew, so a rotated key is found; two fetches are `cooldownMs` apart, whether they
 * succeed or not, so neither made-up key ids nor a server that is away make many of them. Throws a KeysAwayError when
 * the fetch fails that a token needs.
 */
export function createOutsideKeys(options: {
  url: string;
  cooldownMs: number;
  /** The set could not be fetched. Told once per attempt. */
  onAway: (error: unknown) => void;
}): JWTVerifyGetKey {
  const { cooldownMs, onAway } = options;
  const keys = createRemoteJWKSet(new URL(options.url), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cacheMaxAge: KEPT_MS,
    // jose's own pause follows successful fetches only: a server that is away would be asked for each token.
    cooldownDuration: Number.POSITIVE_INFINITY,
  });
  let triedAt = Number.NEGATIVE_INFINITY;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  async function tryToFetch(): Promise<void> {
    triedAt = performance.now();
    try {
      await keys.reload();
      fetchedAt = performance.now();
    } catch (error) {
      onAway(error);
    } finally {
      underWay = undefined;
    }
  }

  /** Joins a fetch that is under way, else begins one unless the last was a moment ago. Never rejects. */
  async function fetchSet(): Promise<void> {
    if (underWay === undefined && performance.now() - triedAt >= cooldownMs) underWay = tryToFetch();
    await underWay;
  }

  /** The last attempt failed. */
  const away = () => fetchedAt < triedAt;
  const keysAway = () => new KeysAwayError((triedAt + cooldownMs - performance.now()) / 1_000);

  void fetchSet();
  return async (header, token) => {
    if (!keys.fresh) await fetchSet();
    else if (performance.now() - fetchedAt > REFRESH_MS) void fetchSet();
    if (!keys.fresh) throw keysAway();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await fetchSet();
    if (away()) throw keysAway();
    return keys(header, token);
  };
}
