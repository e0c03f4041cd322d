import { markRedrivingOf } from '../ledger/dead-letters.ts';
import type { Queryable } from '../ledger/statement.ts';
import { reviveDeliveries } from '../ledger/webhook-deliveries.ts';
import { findDelivery, type WebhookDelivery } from '../ledger/webhook-delivery-log.ts';

/**
 * Sends an ended delivery again, under the same webhook id and with all its tries; its dead letter, if it has one, is
 * redriven. One that is due already stays as it is. Undefined: the endpoint has no such delivery.
 */
export async function redriveWebhookDelivery(
  transaction: Queryable,
  endpointId: string,
  deliveryId: string,
): Promise<WebhookDelivery | undefined> {
  const delivery = await findDelivery(transaction, endpointId, deliveryId);
  if (delivery === undefined || delivery.status === 'due') return delivery;
  await markRedrivingOf(transaction, deliveryId);
  await reviveDeliveries(transaction, [deliveryId]);
  return findDelivery(transaction, endpointId, deliveryId);
}
