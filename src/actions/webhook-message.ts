import { findOrderAtVersion, type StoredOrder } from '../ledger/read-orders.ts';
import type { Queryable } from '../ledger/statement.ts';
import type { ClaimedDelivery } from '../ledger/webhook-deliveries.ts';

/** How an order is shown to whoever is told of it: as the API shows it. */
export type DescribeOrder = (order: StoredOrder) => unknown;

/** A message without its signature: the same at every try. */
export interface WebhookMessage {
  /** Tells the event from all others, over all endpoints and tries. */
  readonly id: string;
  /** JSON text. */
  readonly body: string;
}

/**
 * Makes the message of a delivery from what the ledger knows for good, so that every try and redrive says the same.
 * Undefined when the history of the order is not kept any more.
 */
export async function makeWebhookMessage(
  db: Queryable,
  delivery: ClaimedDelivery,
  describeOrder: DescribeOrder,
): Promise<WebhookMessage | undefined> {
  const { order, eventType, occurredAt } = delivery;
  const id = messageIdOf({ id: delivery.id, orderId: order?.orderId ?? null, version: order?.version ?? null });
  const envelope = { type: eventType, timestamp: occurredAt.toISOString() };
  if (order === null) return { id, body: JSON.stringify({ ...envelope, data: {} }) };
  const { orderId, version, test } = order;
  const shown = await findOrderAtVersion(db, orderId, version);
  if (shown === undefined) return undefined;
  return { id, body: JSON.stringify({ ...envelope, data: { order: describeOrder(shown), version, test } }) };
}

/** The webhook-id: the same for an event at every endpoint and try; a test event's own. */
export function messageIdOf(delivery: {
  readonly id: string;
  readonly orderId: string | null;
  readonly version: number | null;
}): string {
  const { id, orderId, version } = delivery;
  return orderId === null ? `evt_test_${withoutDashes(id)}` : `evt_${withoutDashes(orderId)}_${version}`;
}

function withoutDashes(uuid: string): string {
  return uuid.replaceAll('-', '');
}
