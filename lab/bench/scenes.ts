import { findMiscounts, listOrderIds, type Seen } from './audit.ts';
import { type Engine, startEngine } from './engine.ts';
import { fillLedger } from './fill-ledger.ts';
import { type OpenSale, openSales, orderBody, type SaleTerms } from './sales.ts';
import type { Site } from './site.ts';
import { type Subject, writeLoad } from './subject.ts';
import { runWrk } from './wrk.ts';

/** What placing is to be measured on. */
interface PlacingOptions {
  sales?: number;
  terms?: SaleTerms;
  processes?: number;
  settings?: Readonly<Record<string, string>>;
}

/** New orders, each of one unit of each item of a sale. */
export function openPlacing(site: Site, { sales: count = 1, terms, ...engine }: PlacingOptions = {}): Promise<Subject> {
  return onEngine(site, engine, async ({ servers, ...rest }) => {
    const sales = await openSales({ servers, ...rest }, count, terms);
    return placing(site, servers, sales);
  });
}

/** The same with so many paid orders in the ledger already. They are stored once: later rounds find them. */
export function openFilled(site: Site): Promise<Subject> {
  return onEngine(site, {}, async (engine) => {
    if (site.databaseIsNew) {
      const [before] = await openSales(engine, 1);
      if (before !== undefined) await fillLedger(site.databaseUrl, before, site.effort.ordersBefore, 'paid');
      await site.postgres.checkpoint();
    }
    return placing(site, engine.servers, await openSales(engine, 1));
  });
}

/** New orders for an item that is sold out: one buyer has had all of it. */
export function openSoldOut(site: Site): Promise<Subject> {
  return onEngine(site, {}, async (engine) => {
    const sale = await openOne(engine, { capacity: 1 });
    await engine.call('orders', orderBody(sale), sale.tokens[0]);
    return { ...placing(site, engine.servers, [sale]), audit: (seen) => auditOrders(site, seen, [sale], 1) };
  });
}

/** How long orders are placed that are repeated later. */
const FIRST_SECONDS = 2;

/** Orders that have been placed are placed again with the same keys: nothing may happen, and all are answered as before. */
export function openRepeats(site: Site): Promise<Subject> {
  return onEngine(site, {}, async (engine) => {
    const sale = await openOne(engine);
    const first = placing(site, engine.servers, [sale]);
    const { connections } = site.effort;
    const placed = await runWrk(first.load, {
      connections,
      seconds: FIRST_SECONDS,
      nonce: 'first',
      signal: site.signal,
    });
    // Of the last ones that were sent some may have no answer yet; those before have.
    const done = Math.max(1, (placed.statuses['201'] ?? 0) - 2 * connections);
    const before = await listOrderIds(site.databaseUrl, { saleIds: [sale.id] });
    const load = writeLoad(site, engine.servers, {
      script: 'repeat-orders',
      tokens: sale.tokens,
      bodies: [orderBody(sale)],
      settings: { FIRST_NONCE: 'first', DONE: String(done) },
    });
    const audit = async () => {
      const after = await listOrderIds(site.databaseUrl, { saleIds: [sale.id] });
      const made = after.size - before.size;
      return made > connections ? [`repeats have made ${made} orders`] : [];
    };
    return { ...first, load, audit };
  });
}

/** Orders that are there to be read, enough that none is read twice in a short while. */
const ORDERS_TO_READ = 20_000;

export function openOrderReads(site: Site): Promise<Subject> {
  return onEngine(site, {}, async (engine) => {
    const sale = await openOne(engine);
    await fillLedger(site.databaseUrl, sale, ORDERS_TO_READ);
    const settings = { STORED_ORDERS: String(ORDERS_TO_READ) };
    const load = writeLoad(site, engine.servers, { script: 'read-orders', tokens: sale.tokens, settings });
    return { servers: engine.servers, load, audit: async () => [] };
  });
}

/** A sale of five items. */
export function openSaleReads(site: Site): Promise<Subject> {
  return onEngine(site, {}, async (engine) => {
    const sale = await openOne(engine, { items: 5 });
    const settings = { SALE_ID: sale.id };
    const load = writeLoad(site, engine.servers, { script: 'read-sale', tokens: sale.tokens, settings });
    return { servers: engine.servers, load, audit: async () => [] };
  });
}

/** More than can be paid in a second. */
const PAID_PER_SECOND_MAX = 12_000;

/** Stored orders are paid, each once, with a card of the sandbox that is charged at once. */
export function openPaying(site: Site): Promise<Subject> {
  return onEngine(site, {}, async (engine) => {
    const { warmUpSeconds, roundSeconds, connections } = site.effort;
    const sale = await openOne(engine);
    await fillLedger(
      site.databaseUrl,
      sale,
      (warmUpSeconds + roundSeconds) * PAID_PER_SECOND_MAX + 2 * connections,
      'pending',
    );
    const load = writeLoad(site, engine.servers, {
      script: 'pay-orders',
      tokens: sale.tokens,
      bodies: [{ paymentMethod: 'card_ok' }],
    });
    const audit = async (seen: Seen) => {
      const paid = await listOrderIds(site.databaseUrl, { saleIds: [sale.id], status: 'confirmed' });
      return findMiscounts(seen, { ids: paid, before: 0 });
    };
    return { servers: engine.servers, load, audit };
  });
}

function placing(site: Site, servers: Engine['servers'], sales: readonly OpenSale[]): Subject {
  // The customers take the bodies in turn: so the first of all sales come first, then the second ones.
  const first = sales[0]?.tokens ?? [];
  const tokens = first.flatMap((_, index) => sales.flatMap((sale) => sale.tokens.slice(index, index + 1)));
  const load = writeLoad(site, servers, { script: 'place-orders', tokens, bodies: sales.map(orderBody) });
  return { servers, load, audit: (seen) => auditOrders(site, seen, sales, 0) };
}

async function auditOrders(site: Site, seen: Seen, sales: readonly OpenSale[], before: number): Promise<string[]> {
  const ids = await listOrderIds(site.databaseUrl, { saleIds: sales.map((sale) => sale.id) });
  return findMiscounts(seen, { ids, before });
}

async function openOne(engine: Engine, terms?: SaleTerms): Promise<OpenSale> {
  const [sale] = await openSales(engine, 1, terms);
  if (sale === undefined) throw new Error('No sale was opened.');
  return sale;
}

/** Starts an engine and prepares it; stops it when that fails. */
async function onEngine(
  site: Site,
  options: Parameters<typeof startEngine>[1],
  prepare: (engine: Engine) => Promise<Subject>,
): Promise<Subject> {
  const engine = await startEngine(site, options);
  try {
    return await prepare(engine);
  } catch (error) {
    await engine.stop();
    throw error;
  }
}
