import Stripe from 'stripe';
import { OutcomeUnknownError } from './payment-provider.ts';

/** A refusal of the request itself, after which nothing has moved. Its `code` and `param` say why. */
export type StripeRefusal = InstanceType<typeof Stripe.errors.StripeInvalidRequestError>;

/** How often a request whose own failure Stripe has kept is made anew, under another key. */
const KEYS_MAX = 5;

/**
 * Calls Stripe. Whatever leaves the outcome open (no answer, a fault of Stripe's, too many requests, a key that Stripe
 * does not take) becomes an `OutcomeUnknownError`; a declined card and a refused request come through.
 */
export async function tellOutcome<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (isCardError(error) || isRefusal(error) || !(error instanceof Stripe.errors.StripeError)) throw error;
    throw unknownOutcome(error);
  }
}

/** The words are ours: Stripe's may tell a part of the key. */
export function unknownOutcome(error: InstanceType<typeof Stripe.errors.StripeError>): OutcomeUnknownError {
  const facts = [error.type, error.statusCode, error.code, error.requestId].filter((fact) => fact !== undefined);
  return new OutcomeUnknownError(`Stripe did not tell how it ended (${facts.join(', ')})`, { cause: error });
}

export function isCardError(error: unknown): error is InstanceType<typeof Stripe.errors.StripeCardError> {
  return error instanceof Stripe.errors.StripeCardError;
}

/**
 * Refusals that speak of our key or account and not of what was asked. A mistake in the settings must not look like a
 * declined customer, nor like a payment that is not there.
 * @see https://docs.stripe.com/error-codes
 */
const OF_THE_ACCOUNT: ReadonlySet<string> = new Set([
  'account_closed',
  'account_invalid',
  'api_key_expired',
  'livemode_mismatch',
  'more_permissions_required_for_application',
  'platform_api_key_expired',
  'secret_key_required',
  'testmode_charges_only',
]);

/** Whether Stripe refused the request for what it asks. */
export function isRefusal(error: unknown): error is StripeRefusal {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return false;
  // An intent that is not there: the key may be another account's.
  if (error.code === 'resource_missing') return error.param === 'payment_method';
  return error.code === undefined || !OF_THE_ACCOUNT.has(error.code);
}

/**
 * Calls Stripe under an idempotency key. Stripe keeps a failure of its own (5xx) with the key and tells it again for a day
 * or more, so that a retry under the same key could never succeed. Once Stripe replays such a failure, the call goes on
 * under the next key of a fixed sequence: not before, because only the replay proves that the first request has ended
 * and that no later one under this key will do anything.
 * @param settled what the failed request has done after all, if anything; asked before the next key is used
 */
export async function callUnderKey<Answer>(
  key: string,
  call: (idempotencyKey: string) => Promise<Answer>,
  settled: () => Promise<Answer | undefined> = async () => undefined,
): Promise<Answer> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await call(turn === 1 ? key : `${key}-${turn}`);
    } catch (error) {
      if (turn === KEYS_MAX || !isKeptFailure(error)) throw error;
    }
    const done = await settled();
    if (done !== undefined) return done;
  }
}

function isKeptFailure(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  return (error.statusCode ?? 0) >= 500 && wasReplayed(error.headers);
}

/** Whether Stripe gave an answer that it had kept with the idempotency key. */
export function wasReplayed(headers: Readonly<Record<string, string>> | undefined): boolean {
  return headers?.['idempotent-replayed'] === 'true';
}
