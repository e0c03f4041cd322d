import { asMembers } from './order-state.ts';

/** One entry of an order's history as the engine showed it. */
export interface HistoryEntry {
  readonly version: number;
  readonly type: string;
  /** The order's status after it. */
  readonly status: string;
  readonly occurredAt: string;
  /** `customer`, `merchant`, `courier`, `operator` or `system`. */
  readonly by: string;
  readonly cause: string | null;
  /** Whether a cancelled or rejected order's stock went back, where the step says so. */
  readonly restocked: boolean | null;
  /** What a merchant keeps of a cancelled order's money. */
  readonly retainedMinor: number;
  /** Units that a refund put back on sale, by item. */
  readonly restockedLines: readonly { readonly itemId: string; readonly units: number }[];
}

/** A payment as the engine showed it. Amounts in minor units. */
export interface PaymentState {
  readonly id: string;
  readonly status: string;
  readonly amountMinor: number;
  readonly capturedMinor: number;
}

/** A refund as the engine showed it. Amount in minor units. */
export interface RefundState {
  readonly id: string;
  readonly paymentId: string;
  readonly status: string;
  readonly amountMinor: number;
  readonly cause: string;
}

/** What an order has been through. */
export interface OrderLife {
  readonly orderId: string;
  readonly version: number;
  readonly status: string;
  readonly totalMinor: number;
  readonly history: readonly HistoryEntry[];
  readonly payments: readonly PaymentState[];
  readonly refunds: readonly RefundState[];
}

/** Reads an order with `include=history,payments,refunds` out of parsed JSON. `undefined` when something is missing. */
export function readOrderLife(value: unknown): OrderLife | undefined {
  const order = asMembers(value);
  const { id, version, status, totalMinor, history, payments, refunds } = order ?? {};
  if (typeof id !== 'string' || typeof status !== 'string') return undefined;
  if (typeof version !== 'number' || typeof totalMinor !== 'number') return undefined;
  if (!Array.isArray(history) || !Array.isArray(payments) || !Array.isArray(refunds)) return undefined;
  return {
    orderId: id,
    version,
    status,
    totalMinor,
    history: history.map(readEntry),
    payments: payments.map(readPayment),
    refunds: refunds.map(readRefund),
  };
}

function readEntry(value: unknown): HistoryEntry {
  const entry = asMembers(value) ?? {};
  const details = asMembers(entry['details']) ?? {};
  const { cause } = entry;
  return {
    version: Number(entry['version']),
    type: String(entry['type']),
    status: String(entry['status']),
    occurredAt: String(entry['occurredAt']),
    by: String(entry['by']),
    cause: typeof cause === 'string' ? cause : null,
    restocked: typeof details['restocked'] === 'boolean' ? details['restocked'] : null,
    retainedMinor: Number(details['retainedMinor'] ?? 0),
    restockedLines: listOf(details['refunds']).flatMap((refund) =>
      listOf(refund['lines']).map((line) => ({
        itemId: String(line['itemId']),
        units: Number(line['restocked'] ?? 0),
      })),
    ),
  };
}

function readPayment(value: unknown): PaymentState {
  const payment = asMembers(value) ?? {};
  return {
    id: String(payment['id']),
    status: String(payment['status']),
    amountMinor: Number(payment['amountMinor']),
    capturedMinor: Number(payment['capturedMinor']),
  };
}

function readRefund(value: unknown): RefundState {
  const refund = asMembers(value) ?? {};
  return {
    id: String(refund['id']),
    paymentId: String(refund['paymentId']),
    status: String(refund['status']),
    amountMinor: Number(refund['amountMinor']),
    cause: String(refund['cause']),
  };
}

function listOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map((each) => asMembers(each) ?? {}) : [];
}
