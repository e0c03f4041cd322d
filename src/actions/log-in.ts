import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { type Account, findCredentials } from '../ledger/accounts.ts';
import type { Queryable } from '../ledger/statement.ts';

export type LogInOutcome =
  | { readonly outcome: 'logged-in'; readonly account: Account }
  | { readonly outcome: 'rejected' }
  | { readonly outcome: 'limited'; readonly retryAfterSeconds: number };

export type LogIn = (attempt: {
  readonly email: string;
  readonly password: string;
  readonly address: string;
}) => Promise<LogInOutcome>;

/** Guesses that one e-mail, and one address, may make before it must wait. Counted per process. */
export interface LogInLimits {
  readonly failuresPerEmail: number;
  readonly failuresPerAddress: number;
  readonly windowSeconds: number;
}

export const LOG_IN_LIMITS: LogInLimits = { failuresPerEmail: 5, failuresPerAddress: 50, windowSeconds: 15 * 60 };

/**
 * Checks e-mail and password. An unknown e-mail takes as long as a wrong password and gets the same answer. Every
 * attempt counts before it is checked, so that guesses sent at once are counted too; a right password clears the
 * e-mail's count and takes its own back from the address.
 */
export function createLogIn(
  database: Queryable,
  verifyPassword: (password: string, hash: string | undefined) => Promise<boolean>,
  limits: LogInLimits = LOG_IN_LIMITS,
): LogIn {
  const duration = limits.windowSeconds;
  const byEmail = new RateLimiterMemory({ points: limits.failuresPerEmail, duration });
  const byAddress = new RateLimiterMemory({ points: limits.failuresPerAddress, duration });

  return async ({ email, password, address }) => {
    const name = email.toLowerCase();
    const blocked = (await consume(byAddress, address)) ?? (await consume(byEmail, name));
    if (blocked !== undefined) return { outcome: 'limited', retryAfterSeconds: blocked };

    const credentials = await findCredentials(database, name);
    const right = await verifyPassword(password, credentials?.passwordHash);
    if (!right || credentials === undefined) return { outcome: 'rejected' };
    await Promise.all([byEmail.delete(name), byAddress.reward(address, 1)]);
    return { outcome: 'logged-in', account: credentials.account };
  };
}

/** Takes one point; the seconds to wait when there is none. */
async function consume(limiter: RateLimiterAbstract, key: string): Promise<number | undefined> {
  try {
    await limiter.consume(key);
    return undefined;
  } catch (error) {
    if (error instanceof RateLimiterRes) return error.msBeforeNext / 1_000;
    throw error;
  }
}
