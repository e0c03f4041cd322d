import type { OrderStatus } from './order.ts';
import type { OrderEventType } from './order-event-types.ts';
import type { Trigger } from './order-transitions.ts';
import type { Payment, Refund } from './payment.ts';
import type { Fulfillment } from './sale.ts';

/** All that decides about an order's next step, read under its row lock. Amounts in minor units of `currency`. */
export interface OrderFacts {
  readonly id: string;
  readonly saleId: string;
  readonly merchantId: string;
  readonly customerId: string;
  readonly fulfillment: Fulfillment;
  /** An order of a rehearsal: no real money. */
  readonly test: boolean;
  readonly currency: string;
  readonly totalMinor: number;
  readonly status: OrderStatus;
  readonly version: number;
  /** The end of the hold, while there is one. */
  readonly payBy: Date | null;
  /** Until when a payment under way may keep the stock. */
  readonly settleBy: Date | null;
  readonly acceptBy: Date | null;
  /** A refused payment has lengthened the hold already. */
  readonly holdExtended: boolean;
  readonly lines: readonly LineFacts[];
  readonly payments: readonly Payment[];
  readonly refunds: readonly Refund[];
  readonly terms: StepTerms;
}

/** What a line has of its item's stock. `held + sold + returned` is at most `quantity`. */
export interface LineFacts {
  readonly itemId: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
  readonly held: number;
  readonly sold: number;
  /** Units that were sold and went back on sale. */
  readonly returned: number;
  /** Units whose price was given back. */
  readonly refunded: number;
}

/** The sale's terms for the steps of its orders, in seconds. */
export interface StepTerms {
  readonly holdSeconds: number;
  readonly retrySeconds: number;
  readonly pinSeconds: number;
  readonly acceptanceSeconds: number;
}

/** An item and its customer's units at the moment of a decision, for steps that take stock again. */
export interface StockFacts {
  readonly available: number;
  readonly limitPerCustomer: number | null;
  /** Units that the order's customer has of the item; counted for limited items only. */
  readonly units: number;
}

/** What is given to a decision beside the order. */
export interface StepContext {
  /** The database's clock, read after the locks were taken. */
  readonly now: Date;
  /** By item; there for steps that may take stock again. */
  readonly stock: ReadonlyMap<string, StockFacts>;
  readonly newId: () => string;
}

/** Something the provider is to be asked or told, durably. */
export interface NewJob {
  readonly kind: 'settle' | 'capture' | 'cancel' | 'refund';
  readonly paymentId: string;
  readonly refundId: string | null;
  /** Before it is due, in milliseconds. */
  readonly delayMs: number;
}

/** What a step tells of itself in the history; all of it may be shown to whoever sees the order. */
export interface StepDetails {
  readonly payment?: PaymentSnapshot;
  readonly refunds?: readonly Pick<Refund, 'id' | 'paymentId' | 'amountMinor' | 'cause' | 'reason' | 'lines'>[];
  readonly refund?: { readonly id: string; readonly status: Refund['status'] };
  readonly reason?: string;
  readonly retainedMinor?: number;
  readonly restocked?: boolean;
}

/** A payment as it was at one version of its order. Times as RFC 3339 text, because it is kept as JSON. */
export type PaymentSnapshot = Omit<
  Payment,
  'orderId' | 'providerRef' | 'capture' | 'createdAt' | 'settledAt' | 'answer'
> & {
  readonly createdAt: string;
  readonly settledAt: string | null;
};

/** A step that happens: the order after it, and what is written with it. */
export interface Stepped {
  readonly outcome: 'stepped';
  readonly order: OrderFacts;
  readonly type: OrderEventType;
  readonly cause: Trigger | PaymentCause;
  readonly details: StepDetails;
  readonly jobs: readonly NewJob[];
  /** Due jobs that have nothing left to do. */
  readonly endedJobs: readonly Pick<NewJob, 'kind' | 'paymentId'>[];
  /** What the merchant keeps of a cancelled order's money. */
  readonly retained: { readonly amountMinor: number; readonly reason: string | null } | null;
}

/** Changes of an order's money that leave its status alone. */
export type PaymentCause = 'payment-report' | 'refund-report' | 'refund-retry';
