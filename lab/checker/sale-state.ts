import { asMembers } from './order-state.ts';

/** One item of a sale with its stock, in units. Price in minor units. */
export interface ItemState {
  readonly id: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly limitPerCustomer: number | null;
  readonly version: number;
  readonly stock: {
    readonly capacity: number;
    readonly available: number;
    readonly held: number;
    readonly sold: number;
  };
}

/** A sale as the engine showed it. Times are RFC 3339. */
export interface SaleState {
  readonly id: string;
  readonly currency: string;
  readonly opensAt: string;
  readonly closesAt: string;
  /** `direct` or `kitchen`, where the engine tells. */
  readonly fulfillment?: string;
  /** The limit of an open payment, where the engine tells. */
  readonly pinSeconds?: number;
  readonly items: readonly ItemState[];
}

/** Reads a sale out of parsed JSON. `undefined` when a member that the checks need is missing or of the wrong type. */
export function readSaleState(value: unknown): SaleState | undefined {
  const sale = asMembers(value);
  if (sale === undefined || !Array.isArray(sale['items'])) return undefined;
  const { id, currency, opensAt, closesAt, fulfillment, pinSeconds } = sale;
  const items = sale['items'].map(readItem);
  if (typeof id !== 'string' || typeof currency !== 'string') return undefined;
  if (typeof opensAt !== 'string' || typeof closesAt !== 'string') return undefined;
  if (!items.every((item) => item !== undefined)) return undefined;
  return {
    ...{ id, currency, opensAt, closesAt, items },
    ...(typeof fulfillment === 'string' && { fulfillment }),
    ...(typeof pinSeconds === 'number' && { pinSeconds }),
  };
}

function readItem(value: unknown): ItemState | undefined {
  const item = asMembers(value);
  const stock = asMembers(item?.['stock']);
  if (item === undefined || stock === undefined) return undefined;
  const { id, name, priceMinor, limitPerCustomer, version } = item;
  const { capacity, available, held, sold } = stock;
  if (typeof id !== 'string' || typeof name !== 'string') return undefined;
  if (![priceMinor, version, capacity, available, held, sold].every(Number.isSafeInteger)) return undefined;
  return {
    id,
    name,
    priceMinor: Number(priceMinor),
    limitPerCustomer: typeof limitPerCustomer === 'number' ? limitPerCustomer : null,
    version: Number(version),
    stock: { capacity: Number(capacity), available: Number(available), held: Number(held), sold: Number(sold) },
  };
}
