/** Whole units at ISO 4217, yet Stripe counts hundredths of them. */
const HUNDREDTHS_AT_STRIPE: ReadonlySet<string> = new Set(['ISK', 'UGX']);

/** Hundredths at ISO 4217, yet Stripe counts whole units. */
const WHOLE_AT_STRIPE: ReadonlySet<string> = new Set(['MGA']);

/** Three decimals, of which the card networks take two. */
const LAST_DIGIT_ZERO: ReadonlySet<string> = new Set(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND']);

/**
 * An amount in minor units of ISO 4217 as Stripe counts it, or undefined where Stripe has no such amount.
 * @see https://docs.stripe.com/currencies#special-cases
 */
export function toStripeAmount(amountMinor: number, currency: string): number | undefined {
  const amount = rescale(amountMinor, currency);
  if (!Number.isSafeInteger(amount)) return undefined;
  return LAST_DIGIT_ZERO.has(currency) && amount % 10 !== 0 ? undefined : amount;
}

/**
 * What Stripe counts, in minor units of ISO 4217. The currency may be in lower case, as Stripe writes it. A fraction of a
 * minor unit, which only a payment from elsewhere can have, is cut off.
 */
export function fromStripeAmount(amount: number, currency: string): number {
  const code = currency.toUpperCase();
  if (HUNDREDTHS_AT_STRIPE.has(code)) return Math.trunc(amount / 100);
  return WHOLE_AT_STRIPE.has(code) ? amount * 100 : amount;
}

function rescale(amountMinor: number, currency: string): number {
  if (HUNDREDTHS_AT_STRIPE.has(currency)) return amountMinor * 100;
  return WHOLE_AT_STRIPE.has(currency) ? amountMinor / 100 : amountMinor;
}
