import type { PaymentReport } from '../domain/report-payment.ts';
import type { PaymentProvider, ProviderPayment } from '../payments/payment-provider.ts';

/** The providers of an engine, by name. */
export interface PaymentProviders {
  /** For orders that cost money. */
  readonly live: PaymentProvider;
  /** For the orders of rehearsals, which never move real money. */
  readonly test: PaymentProvider;
  /** The provider of an earlier payment. */
  byName(name: string): PaymentProvider | undefined;
}

/** What a provider's word means for the ledger; undefined where it says only that nothing is decided. */
export function reportOf(paymentId: string, seen: ProviderPayment): PaymentReport | undefined {
  const { status, providerRef, amountMinor, currency, nextActionUrl, declineCode } = seen;
  if (status === 'unconfirmed' || status === 'processing') return undefined;
  return { paymentId, providerRef, status, amountMinor, currency, nextActionUrl, declineCode };
}
