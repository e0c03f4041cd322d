import { addRefusals, type RefusalChange } from '../ledger/sale-counts.ts';
import type { Queryable } from '../ledger/statement.ts';

/** Counts what sales refuse, and adds it to the ledger from time to time. */
export interface RefusalCounts {
  /** Costs two look-ups in memory. What is no refusal is not counted. */
  count(saleId: string, outcome: string): void;
  /** Adds what was counted since to the ledger, in one statement. */
  flush(): Promise<void>;
}

/** Sales that are counted between two flushes. The ids come from whoever asks; what they make up must not fill memory. */
const SALES_MAX = 10_000;

/** The outcomes of an attempt to order that are counted: a sale refuses, or the engine has no room for it. */
const REFUSALS: readonly string[] = [
  'sold-out',
  'limit-reached',
  'sale-not-open',
  'unknown-item',
  'overloaded',
  'deadline',
];

export function createRefusalCounts(database: Queryable): RefusalCounts {
  let counts = new Map<string, Map<string, number>>();

  function add(saleId: string, reason: string, refused: number): void {
    let ofSale = counts.get(saleId);
    if (ofSale === undefined) {
      if (counts.size >= SALES_MAX) return;
      ofSale = new Map();
      counts.set(saleId, ofSale);
    }
    ofSale.set(reason, (ofSale.get(reason) ?? 0) + refused);
  }

  return {
    count(saleId, outcome) {
      if (REFUSALS.includes(outcome)) add(saleId, outcome, 1);
    },
    async flush() {
      if (counts.size === 0) return;
      const taken = counts;
      counts = new Map();
      try {
        await addRefusals(database, changesOf(taken));
      } catch (error) {
        for (const { saleId, reason, refused } of changesOf(taken)) add(saleId, reason, refused);
        throw error;
      }
    },
  };
}

function changesOf(counts: ReadonlyMap<string, ReadonlyMap<string, number>>): RefusalChange[] {
  return [...counts].flatMap(([saleId, reasons]) =>
    [...reasons].map(([reason, refused]) => ({ saleId, reason, refused })),
  );
}
