import { TEST_EVENT_TYPE } from '../domain/order-event-types.ts';
import type { Queryable } from '../ledger/statement.ts';
import { insertTestDelivery } from '../ledger/webhook-deliveries.ts';
import { findDelivery, type WebhookDelivery } from '../ledger/webhook-delivery-log.ts';

/** Has an endpoint sent an event that tells of nothing, to try it. Where it is being deleted, nothing comes of it. */
export async function sendTestEvent(transaction: Queryable, endpointId: string): Promise<WebhookDelivery> {
  const deliveryId = await insertTestDelivery(transaction, endpointId, TEST_EVENT_TYPE);
  const delivery = await findDelivery(transaction, endpointId, deliveryId);
  if (delivery === undefined) throw new Error('A test delivery was made and not found.');
  return delivery;
}
