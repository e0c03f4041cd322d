import type { ChangedStock } from '../../../client/src/index.ts';
import { printDocument } from '../print.ts';

/** The most units that an item can have. */
export const CAPACITY_MAX = 10_000_000;

/** Prints what the stock of an item has become. */
export function printStock(changed: ChangedStock, json: boolean | undefined): void {
  const { capacity, available, held, sold } = changed.stock;
  printDocument(changed, json, () => `Now ${capacity} units: ${available} left, ${held} held, ${sold} sold.`);
}
