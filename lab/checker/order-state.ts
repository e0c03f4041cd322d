/** One line of an order as the engine showed it. Amounts in minor units. */
interface OrderLineState {
  readonly itemId: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
  readonly totalMinor: number;
}

/** An order as the engine showed it, in an answer or in a list. Times are RFC 3339 by the database's clock. */
export interface OrderState {
  readonly id: string;
  readonly saleId: string;
  readonly userId: string;
  readonly status: string;
  readonly arrival: number;
  readonly currency: string;
  readonly totalMinor: number;
  readonly lines: readonly OrderLineState[];
  readonly reference: string | null;
  readonly placedAt: string;
  readonly payBy: string | null;
}

/** States in which an order's stock has gone back, or may have. */
const RELEASED_STATUSES: ReadonlySet<string> = new Set(['expired', 'cancelled', 'rejected']);

/** Whether the order may no longer hold stock. A cancelled order sometimes keeps it: what was cooked is not restocked. */
export function isReleased(status: string): boolean {
  return RELEASED_STATUSES.has(status);
}

/** Whether the stock of an order in this state has gone back for certain. Only expiry always gives it back. */
export function isExpired(status: string): boolean {
  return status === 'expired';
}

/** Lines in one spelling, whatever their order: two requests for the same things compare equal. */
export function spellLines(lines: readonly { readonly itemId: string; readonly quantity: number }[]): string {
  return lines
    .map((line) => `${line.itemId}×${line.quantity}`)
    .sort()
    .join(' ');
}

/** Reads an order out of parsed JSON. `undefined` when a member that the checks need is missing or of the wrong type. */
export function readOrderState(value: unknown): OrderState | undefined {
  const order = asMembers(value);
  if (order === undefined || !Array.isArray(order['lines'])) return undefined;
  const lines = order['lines'].map(readLine);
  const { id, saleId, userId, status, arrival, currency, totalMinor, reference, placedAt, payBy } = order;
  if (typeof id !== 'string' || typeof saleId !== 'string' || typeof userId !== 'string') return undefined;
  if (typeof status !== 'string' || !Number.isSafeInteger(arrival) || typeof currency !== 'string') return undefined;
  if (!Number.isSafeInteger(totalMinor) || typeof placedAt !== 'string' || Number.isNaN(Date.parse(placedAt))) {
    return undefined;
  }
  if (!lines.every((line) => line !== undefined)) return undefined;
  return {
    id,
    saleId,
    userId,
    status,
    arrival: Number(arrival),
    currency,
    totalMinor: Number(totalMinor),
    lines,
    reference: typeof reference === 'string' ? reference : null,
    placedAt,
    payBy: typeof payBy === 'string' ? payBy : null,
  };
}

function readLine(value: unknown): OrderLineState | undefined {
  const line = asMembers(value);
  if (line === undefined) return undefined;
  const { itemId, quantity, unitPriceMinor, totalMinor } = line;
  if (typeof itemId !== 'string') return undefined;
  if (![quantity, unitPriceMinor, totalMinor].every(Number.isSafeInteger)) return undefined;
  return {
    itemId,
    quantity: Number(quantity),
    unitPriceMinor: Number(unitPriceMinor),
    totalMinor: Number(totalMinor),
  };
}

/** The members of a JSON object; `undefined` for anything else. */
export function asMembers(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
