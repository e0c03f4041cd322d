/** What an order's history can tell of, and so what a shop can be told of. */
export const ORDER_EVENT_TYPES = [
  'order.placed',
  'order.payment_started',
  'order.payment_refused',
  'order.paid',
  'order.expired',
  'order.accepted',
  'order.rejected',
  'order.prepared',
  'order.picked_up',
  'order.collected',
  'order.delivered',
  'order.fulfilled',
  'order.cancelled',
  'order.reinstated',
  'order.refunded',
  // Of the money alone: the order's status stays as it is.
  'payment.action_required',
  'payment.captured',
  'payment.failed',
  'payment.cancelled',
  'payment.late',
  'refund.succeeded',
  'refund.failed',
  'refund.retried',
] as const;

export type OrderEventType = (typeof ORDER_EVENT_TYPES)[number];

/** Sent on request only, to try a webhook endpoint; it tells of no order. */
export const TEST_EVENT_TYPE = 'webhook.test';
