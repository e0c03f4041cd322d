/** A step that the engine publishes as possible: docs/order-states.md, "All transitions", written again by hand. */
interface PublishedStep {
  readonly cause: string;
  readonly from: string;
  readonly to: string;
  /** As the history shows who it was. A shop's back end that acts for its customer is shown as the merchant. */
  readonly by: readonly string[];
  readonly type: string;
  /** Only for sales that are fulfilled so. */
  readonly only?: 'direct' | 'kitchen';
}

const OWNER = ['customer', 'merchant'];
const STAFF = ['merchant', 'operator'];
const EVERYBODY = ['customer', 'merchant', 'operator'];
const SYSTEM = ['system'];

const step = (
  cause: string,
  from: string,
  to: string,
  by: readonly string[],
  type: string,
  only?: 'direct' | 'kitchen',
): PublishedStep => ({ cause, from, to, by, type, ...(only && { only }) });

const PUBLISHED: readonly PublishedStep[] = [
  step('payment', 'pending_payment', 'payment_processing', OWNER, 'order.payment_started'),
  step('payment-succeeded', 'payment_processing', 'confirmed', SYSTEM, 'order.paid', 'direct'),
  step('payment-succeeded', 'payment_processing', 'pending_acceptance', SYSTEM, 'order.paid', 'kitchen'),
  step('payment-refused', 'payment_processing', 'pending_payment', SYSTEM, 'order.payment_refused'),
  step('payment-abandoned', 'payment_processing', 'expired', SYSTEM, 'order.expired'),
  step('hold-expired', 'pending_payment', 'expired', SYSTEM, 'order.expired'),
  step('late-money', 'pending_payment', 'confirmed', SYSTEM, 'order.paid', 'direct'),
  step('late-money', 'expired', 'confirmed', SYSTEM, 'order.paid', 'direct'),
  step('late-money', 'pending_payment', 'pending_acceptance', SYSTEM, 'order.paid', 'kitchen'),
  step('late-money', 'expired', 'pending_acceptance', SYSTEM, 'order.paid', 'kitchen'),
  ...['expired', 'cancelled', 'rejected'].map((at) => step('late-money', at, at, SYSTEM, 'payment.late')),
  step('reinstatement', 'expired', 'pending_payment', ['operator'], 'order.reinstated'),
  step('acceptance', 'pending_acceptance', 'preparing', ['merchant'], 'order.accepted', 'kitchen'),
  step('rejection', 'pending_acceptance', 'rejected', ['merchant'], 'order.rejected', 'kitchen'),
  step('acceptance-overdue', 'pending_acceptance', 'rejected', SYSTEM, 'order.rejected', 'kitchen'),
  step('preparation', 'preparing', 'ready_for_pickup', ['merchant'], 'order.prepared', 'kitchen'),
  step('pickup', 'ready_for_pickup', 'in_transit', ['courier'], 'order.picked_up', 'kitchen'),
  step('pickup', 'ready_for_pickup', 'completed', ['merchant'], 'order.collected', 'kitchen'),
  step('delivery', 'in_transit', 'completed', ['courier'], 'order.delivered', 'kitchen'),
  step('fulfillment', 'confirmed', 'completed', ['merchant'], 'order.fulfilled', 'direct'),
  step('cancellation', 'pending_payment', 'cancelled', EVERYBODY, 'order.cancelled'),
  step('cancellation', 'confirmed', 'cancelled', EVERYBODY, 'order.cancelled', 'direct'),
  step('cancellation', 'pending_acceptance', 'cancelled', EVERYBODY, 'order.cancelled', 'kitchen'),
  step('cancellation', 'preparing', 'cancelled', STAFF, 'order.cancelled', 'kitchen'),
  step('cancellation', 'ready_for_pickup', 'cancelled', STAFF, 'order.cancelled', 'kitchen'),
  step('cancellation', 'in_transit', 'cancelled', ['operator'], 'order.cancelled', 'kitchen'),
  ...['pending_acceptance', 'preparing', 'ready_for_pickup'].map((at) =>
    step('authorization-lost', at, 'cancelled', SYSTEM, 'order.cancelled', 'kitchen'),
  ),
  ...['confirmed', 'preparing', 'ready_for_pickup', 'in_transit', 'completed'].map((at) =>
    step('refunds', at, at, STAFF, 'order.refunded'),
  ),
];

/** What happens to the money alone leaves the order's status as it is. */
const MONEY_EVENT = /^(payment|refund)\.[a-z_]+$/;

/** Whether one entry of a history may follow another status. */
export function mayFollow(
  before: string,
  entry: { readonly type: string; readonly status: string; readonly by: string; readonly cause: string | null },
  fulfillment: string | undefined,
): boolean {
  const { type, status, by, cause } = entry;
  if (MONEY_EVENT.test(type) && type !== 'payment.late') return status === before;
  return PUBLISHED.some(
    (row) =>
      row.cause === cause &&
      row.from === before &&
      row.to === status &&
      row.type === type &&
      row.by.includes(by) &&
      (row.only === undefined || fulfillment === undefined || row.only === fulfillment),
  );
}

/** As what an order may begin: waiting for its money, or paid where there is nothing to pay. */
export function mayBegin(status: string, totalMinor: number, fulfillment: string | undefined): boolean {
  if (totalMinor > 0) return status === 'pending_payment';
  if (fulfillment === undefined) return status === 'confirmed' || status === 'pending_acceptance';
  return status === (fulfillment === 'kitchen' ? 'pending_acceptance' : 'confirmed');
}
