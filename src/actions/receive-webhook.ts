import type { Database } from '../ledger/database.ts';
import { askSoon } from '../ledger/payment-jobs.ts';
import { findPayment } from '../ledger/payments.ts';
import { keepProviderEvent } from '../ledger/provider-events.ts';
import type { WebhookMessage } from '../payments/payment-provider.ts';

export type WebhookOutcome =
  /** Kept; the provider is asked what is true now. */
  | 'kept'
  | 'repeated'
  /** It is about a payment that the ledger does not have (yet). */
  | 'parked'
  /** It is about nothing that the engine has made. */
  | 'foreign'
  /** It speaks of another amount or currency than the payment has. */
  | 'mismatch';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Takes a provider's webhook in. It is only a hint: events come twice, late and out of order, so the provider is asked
 * for the payment as it is, by a job that is committed with the event.
 */
export async function receiveWebhook(
  database: Database,
  provider: string,
  { eventId, type, paymentId, amountMinor, currency }: WebhookMessage,
): Promise<WebhookOutcome> {
  return database.transaction(async (transaction) => {
    const ours = paymentId !== null && UUID.test(paymentId);
    const payment = ours ? await findPayment(transaction, paymentId) : undefined;
    const other =
      payment !== undefined &&
      ((amountMinor !== null && amountMinor !== payment.amountMinor) ||
        (currency !== null && currency !== payment.currency));
    if (other) return 'mismatch';
    const parked = ours && payment === undefined;
    const event = { provider, eventId, type, paymentId: ours ? paymentId : null, parked };
    if (!(await keepProviderEvent(transaction, event))) return 'repeated';
    if (!ours) return 'foreign';
    if (parked) return 'parked';
    await askSoon(transaction, paymentId);
    return 'kept';
  });
}
