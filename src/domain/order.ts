import type { Fulfillment } from './sale.ts';

/** Every status an order can have. The database's enum `order_status` has the same members. */
export const ORDER_STATUSES = [
  'pending_payment',
  'payment_processing',
  'confirmed',
  'pending_acceptance',
  'preparing',
  'ready_for_pickup',
  'in_transit',
  'completed',
  'cancelled',
  'rejected',
  'expired',
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** The status of an order whose money is in, or that costs nothing. */
export function paidStatus(fulfillment: Fulfillment): OrderStatus {
  return fulfillment === 'kitchen' ? 'pending_acceptance' : 'confirmed';
}

/** An order as it is shown. Prices in minor units of `currency`. */
export interface Order {
  readonly id: string;
  readonly saleId: string;
  /** Whose sale it is: that merchant's staff may see the order. */
  readonly merchantId: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  /** Raised by one with every change. */
  readonly version: number;
  readonly arrival: number;
  readonly currency: string;
  readonly totalMinor: number;
  readonly lines: readonly OrderLine[];
  readonly reference: string | null;
  /** JSON text, as the shop sent it. */
  readonly metadata: string | null;
  readonly placedAt: Date;
  /** The end of the hold; tells something only while the order is unpaid. */
  readonly payBy: Date | null;
  /** Until when the kitchen may accept it; tells something only while it waits for that. */
  readonly acceptBy: Date | null;
}

/** One line, with the name and the price it was placed at. */
export interface OrderLine {
  readonly itemId: string;
  readonly name: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
}
