import { Gauge, type Registry } from '@prometheus-io/client';

/** What the ledger knows of all processes' work at one moment. A part that could not be read is undefined. */
export interface LedgerState {
  readonly outbox: { readonly events: number; readonly oldestSeconds: number } | undefined;
  /** Items of sales that are open or paused now. */
  readonly stock: readonly ItemStock[] | undefined;
  /** Orders that hold stock or wait for an acceptance. */
  readonly openOrders: readonly { readonly status: string; readonly orders: number }[] | undefined;
  readonly deadLetters: readonly { readonly kind: string; readonly letters: number }[] | undefined;
  readonly paymentJobs: { readonly due: number; readonly failed: number } | undefined;
}

interface ItemStock {
  readonly saleId: string;
  readonly itemId: string;
  /** False while its sale is paused. */
  readonly open: boolean;
  readonly capacity: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
}

/** Items that have metrics of their own, at most. A shop with more looks into the API. */
export const ITEMS_MAX = 200;

/** Gauges of the ledger. Every process shows the same; while the ledger is away they are absent. */
export function addLedgerState(registry: Registry, read: () => Promise<LedgerState | undefined>): void {
  function gauge<Label extends string>(
    { name, help, labelNames = [] }: { name: string; help: string; labelNames?: readonly Label[] },
    setAll: (gauge: Gauge<Label>, state: LedgerState) => void,
  ): void {
    const made: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const state = await read();
        made.reset();
        // Without labels a reset is a zero, and that is not what is known.
        if (labelNames.length === 0) made.remove();
        if (state !== undefined) setAll(made, state);
      },
    });
  }

  gauge(
    {
      name: 'doorbuster_item_units',
      help: `Units of an item by state: available, held by unpaid orders, sold. Items of sales that are open or paused now, no test sales, the first ${ITEMS_MAX}.`,
      labelNames: ['sale', 'item', 'state'],
    },
    (units, { stock = [] }) => {
      for (const { saleId: sale, itemId: item, available, held, sold } of stock.slice(0, ITEMS_MAX)) {
        units.set({ sale, item, state: 'available' }, available);
        units.set({ sale, item, state: 'held' }, held);
        units.set({ sale, item, state: 'sold' }, sold);
      }
    },
  );
  gauge(
    {
      name: 'doorbuster_item_capacity_units',
      help: 'Units that an item has altogether. The same items as in doorbuster_item_units.',
      labelNames: ['sale', 'item'],
    },
    (units, { stock = [] }) => {
      for (const { saleId: sale, itemId: item, capacity } of stock.slice(0, ITEMS_MAX)) {
        units.set({ sale, item }, capacity);
      }
    },
  );
  gauge(
    {
      name: 'doorbuster_sale_open',
      help: '1 for a sale that is open now, 0 while it is paused. The sales of doorbuster_item_units.',
      labelNames: ['sale'],
    },
    (sales, { stock = [] }) => {
      for (const { saleId: sale, open } of stock.slice(0, ITEMS_MAX)) sales.set({ sale }, open ? 1 : 0);
    },
  );
  gauge(
    {
      name: 'doorbuster_open_orders',
      help: 'Orders that hold stock (pending_payment, payment_processing) or wait for the shop (pending_acceptance). As late as the outbox; test sales count.',
      labelNames: ['status'],
    },
    (orders, { openOrders = [] }) => {
      for (const { status, orders: count } of openOrders) orders.set({ status }, count);
    },
  );
  gauge(
    { name: 'doorbuster_outbox_events', help: 'Events that nobody was told of yet; 100,000 means that or more.' },
    (events, { outbox }) => {
      if (outbox !== undefined) events.set(outbox.events);
    },
  );
  gauge(
    { name: 'doorbuster_outbox_oldest_seconds', help: 'How long the oldest of them has waited; 0 when none waits.' },
    (seconds, { outbox }) => {
      if (outbox !== undefined) seconds.set(outbox.oldestSeconds);
    },
  );
  gauge(
    {
      name: 'doorbuster_dead_letters',
      help: 'Duties that used up their tries and wait for a person or their next redrive, by kind.',
      labelNames: ['kind'],
    },
    (letters, { deadLetters = [] }) => {
      for (const { kind, letters: count } of deadLetters) letters.set({ kind }, count);
    },
  );
  gauge(
    {
      name: 'doorbuster_payment_jobs',
      help: 'Captures, voids, refunds and questions to payment providers that are due now, and such as wait for a person.',
      labelNames: ['status'],
    },
    (jobs, { paymentJobs }) => {
      if (paymentJobs === undefined) return;
      jobs.set({ status: 'due' }, paymentJobs.due);
      jobs.set({ status: 'failed' }, paymentJobs.failed);
    },
  );
}
