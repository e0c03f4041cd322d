import type { OrderStatus, ProblemCode, Redrive, SaleStatus, Stock } from './documents.ts';

/** Steps that an order allows now, by the name of their operation's path: `payment`, `cancellation`, … */
interface OrderState {
  readonly orderStatus: OrderStatus;
  readonly version: number;
  readonly allowed: readonly string[];
}

interface SaleDefinition {
  readonly saleStatus: SaleStatus;
  readonly version: number;
  readonly currentTag: string;
}

/** What a problem says beyond RFC 9457's members, by its code. Codes that are not listed say nothing more. */
interface KnownExtras {
  'sold-out': {
    readonly items: readonly { readonly itemId: string; readonly requested: number; readonly available: number }[];
  };
  'limit-reached': {
    readonly items: readonly { readonly itemId: string; readonly limit: number; readonly taken: number }[];
  };
  'sale-not-open': { readonly saleStatus: SaleStatus; readonly opensAt: string; readonly closesAt: string };
  'payment-declined': {
    readonly declineCode: string | null;
    readonly orderStatus: OrderStatus;
    readonly version: number;
    readonly payBy: string | null;
  };
  'order-step-not-allowed': OrderState;
  /** The present state of the order, the sale or the endpoint, whichever it was about. */
  'precondition-failed': Partial<OrderState> & Partial<SaleDefinition>;
  'amount-exceeded': { readonly refundableMinor: number };
  'lines-exceeded': {
    readonly lines: readonly { readonly itemId: string; readonly refundable: number; readonly restockable: number }[];
  };
  'stock-below-promised': Stock;
  'other-role': { readonly role: string };
  'wrong-status': { readonly currentStatus: string };
  'redrive-running': { readonly redrive?: Redrive };
  /** Which limit it was. */
  'rate-limited': { readonly policy?: string };
  /** How many requests wait ahead. */
  overloaded: { readonly waiting?: number };
}

/** The further members of a problem with this code. */
export type ProblemExtras<Code extends ProblemCode> = Code extends keyof KnownExtras
  ? KnownExtras[Code]
  : Readonly<Record<string, unknown>>;
