import { type CreateFailureCounter, createMemoryFailureCounter } from '../gate/failure-counter.ts';
import { type Account, findCredentials } from '../ledger/accounts.ts';
import type { Queryable } from '../ledger/statement.ts';
import { createFailureLimit } from './failure-limit.ts';

export type LogInOutcome =
  | { readonly outcome: 'logged-in'; readonly account: Account }
  | { readonly outcome: 'rejected' }
  | { readonly outcome: 'limited'; readonly retryAfterSeconds: number }
  /** Too many passwords wait to be checked. */
  | { readonly outcome: 'overloaded' };

export type LogIn = (attempt: {
  readonly email: string;
  readonly password: string;
  readonly address: string;
}) => Promise<LogInOutcome>;

/** Wrong passwords that one e-mail, and one address, may send before it must wait. */
export interface LogInLimits {
  readonly failuresPerEmail: number;
  readonly failuresPerAddress: number;
  readonly windowSeconds: number;
}

export const LOG_IN_LIMITS: LogInLimits = { failuresPerEmail: 5, failuresPerAddress: 50, windowSeconds: 15 * 60 };

/** Whether a password belongs to a hash, or undefined when too many wait for that. */
export type VerifyPassword = (password: string, hash: string | undefined) => Promise<boolean | undefined>;

/**
 * Checks e-mail and password. An unknown e-mail takes as long as a wrong password and gets the same answer. A right
 * password clears the e-mail's count, not the address's: an account of one's own buys no further guesses at others.
 */
export function createLogIn(
  database: Queryable,
  verifyPassword: VerifyPassword,
  limits: LogInLimits = LOG_IN_LIMITS,
  createCounter: CreateFailureCounter = createMemoryFailureCounter,
): LogIn {
  const { failuresPerEmail, failuresPerAddress, windowSeconds } = limits;
  const byEmail = createFailureLimit(failuresPerEmail, createCounter({ name: 'sign-in-email', windowSeconds }));
  const byAddress = createFailureLimit(failuresPerAddress, createCounter({ name: 'sign-in-address', windowSeconds }));

  async function check(email: string, password: string): Promise<LogInOutcome> {
    const credentials = await findCredentials(database, email);
    const right = await verifyPassword(password, credentials?.passwordHash);
    if (right === undefined) return { outcome: 'overloaded' };
    return right && credentials ? { outcome: 'logged-in', account: credentials.account } : { outcome: 'rejected' };
  }

  return async (attempt) => {
    const email = attempt.email.toLowerCase();
    const limited = [
      { limit: byAddress, key: attempt.address },
      { limit: byEmail, key: email },
    ];
    const begun: typeof limited = [];
    let failed = false;
    try {
      for (const each of limited) {
        const retryAfterSeconds = await each.limit.begin(each.key);
        if (retryAfterSeconds !== undefined) return { outcome: 'limited', retryAfterSeconds };
        begun.push(each);
      }
      const outcome = await check(email, attempt.password);
      failed = outcome.outcome === 'rejected';
      if (outcome.outcome === 'logged-in') await byEmail.clear(email);
      return outcome;
    } finally {
      await Promise.all(begun.map(({ limit, key }) => limit.end(key, failed)));
    }
  };
}
