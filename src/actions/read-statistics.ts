import type { Stock } from '../domain/capacity.ts';
import type { Database } from '../ledger/database.ts';
import { countDeadLetters } from '../ledger/dead-letters.ts';
import { readLedgerClock } from '../ledger/ledger-clock.ts';
import { readOutboxLag } from '../ledger/outbox.ts';
import { listProcesses, type ProcessState } from '../ledger/processes.ts';
import {
  type CountedSale,
  findCountedSale,
  findPeak,
  findPeakOfSale,
  type LiveCounts,
  listCountedSales,
  type MoneySum,
  type PeakRate,
  readLiveCounts,
  readTotalCounts,
  sumMoney,
  sumMoneyOfSale,
} from '../ledger/sale-statistics.ts';
import { createCostlyReads } from './costly-reads.ts';

/** What is asked for: everything, a merchant's, or one sale. */
export interface StatisticsScope {
  readonly saleId?: string | undefined;
  readonly merchantId?: string | undefined;
  /** Sales are listed after this one. */
  readonly afterId?: string | undefined;
  /** Sales that are listed at most. */
  readonly limit: number;
}

/** Figures of one sale, or of several together. */
export interface Figures extends LiveCounts {
  /** Null where there was no order, and until it is read for the first time. */
  readonly peak: PeakRate | null;
  /** Null until it is read for the first time. */
  readonly money: readonly MoneySum[] | null;
  readonly stock: Stock;
}

export interface SaleFigures extends Figures {
  readonly sale: CountedSale;
}

/** How the engine itself gets on. */
export interface SystemFigures {
  readonly outbox: { readonly events: number; readonly oldestSeconds: number };
  readonly deadLetters: readonly { readonly kind: string; readonly letters: number }[];
  readonly processes: readonly ProcessState[];
}

export interface Statistics {
  /** The ledger's clock. */
  readonly at: Date;
  readonly totals: Figures;
  readonly sales: readonly SaleFigures[];
  /** Where the list goes on; null where it ends. */
  readonly nextId: string | null;
}

export interface ReadStatistics {
  /** Undefined where the one sale that is asked for does not exist. */
  read(scope: StatisticsScope): Promise<Statistics | undefined>;
  readSystem(): Promise<SystemFigures>;
}

/** What an answer waits at most for parts that may take long. They are read on, and the next answer has them. */
const SLOW_PARTS_MS = 1_000;

const NOTHING: LiveCounts = { orders: {}, perSecond: 0, refused: {} };

/**
 * Reads how sales go. Each part is read anew only when 20 times its own duration have passed, so what is asked for again
 * and again, or takes long, costs the ledger little; figures may be older by that. What takes long, or fails, holds up
 * nothing else.
 */
export function createReadStatistics(database: Database): ReadStatistics {
  const reads = createCostlyReads();

  async function read(scope: StatisticsScope): Promise<Statistics | undefined> {
    const { saleId, merchantId } = scope;
    const [at, page, totals] = await Promise.all([
      readLedgerClock(database),
      saleId === undefined ? listed(scope) : single(saleId),
      saleId === undefined ? together(merchantId) : undefined,
    ]);
    const [first] = page.sales;
    const sum = totals ?? first;
    return sum && { at, totals: sum, ...page };
  }

  async function listed({ merchantId, afterId, limit }: StatisticsScope) {
    const found = await listCountedSales(database, merchantId, afterId, limit + 1);
    const sales = found.slice(0, limit);
    const last = sales.at(-1);
    return { sales: await figuresOf(sales), nextId: found.length > limit && last !== undefined ? last.id : null };
  }

  async function single(saleId: string) {
    const sale = await findCountedSale(database, saleId);
    return { sales: sale === undefined ? [] : await figuresOf([sale]), nextId: null };
  }

  async function figuresOf(sales: readonly CountedSale[]): Promise<SaleFigures[]> {
    const ids = sales.map(({ id }) => id);
    const slowBy = performance.now() + SLOW_PARTS_MS;
    const [live, slow] = await Promise.all([
      readLiveCounts(database, ids),
      // One after the other: a list of long sales must not take every connection.
      inTurn(ids, async (id) => ({
        peak: await reads.latest(`peak of ${id}`, () => findPeakOfSale(database, id), slowBy - performance.now()),
        money: await reads.latest(`money of ${id}`, () => sumMoneyOfSale(database, id), slowBy - performance.now()),
      })),
    ]);
    return sales.map((sale, index) => ({
      sale,
      ...(live.get(sale.id) ?? NOTHING),
      peak: slow[index]?.peak ?? null,
      money: slow[index]?.money ?? null,
      stock: stockOf(sale),
    }));
  }

  async function together(merchantId: string | undefined): Promise<Figures> {
    const whose = merchantId ?? 'all';
    const [counts, peak, money] = await Promise.all([
      reads.get(`counts of ${whose}`, () => readTotalCounts(database, merchantId)),
      reads.latest(`peak of ${whose}`, () => findPeak(database, merchantId), SLOW_PARTS_MS),
      reads.latest(`money of ${whose}`, () => sumMoney(database, merchantId), SLOW_PARTS_MS),
    ]);
    return { ...counts, peak: peak ?? null, money: money ?? null };
  }

  return {
    // Who asks for the same at the same moment gets the same.
    read: (scope) => {
      const { saleId, merchantId, afterId, limit } = scope;
      return reads.get(`statistics of ${saleId}/${merchantId}/${afterId}/${limit}`, () => read(scope));
    },
    readSystem: () =>
      reads.get('system', async () => {
        const [outbox, deadLetters, processes] = await Promise.all([
          readOutboxLag(database),
          countDeadLetters(database),
          listProcesses(database),
        ]);
        return { outbox, deadLetters, processes };
      }),
  };
}

async function inTurn<Value, Result>(
  values: readonly Value[],
  read: (value: Value) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const value of values) results.push(await read(value));
  return results;
}

function stockOf({ items }: CountedSale): Stock {
  const stock = { capacity: 0, available: 0, held: 0, sold: 0 };
  for (const item of items) {
    stock.capacity += item.capacity;
    stock.available += item.available;
    stock.held += item.held;
    stock.sold += item.sold;
  }
  return stock;
}
