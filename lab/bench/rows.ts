import { openBaseline } from './baseline.ts';
import { openEngine } from './engine.ts';
import type { Site, Subject } from './subject.ts';

/** One line of the table: a server in a situation, and which of its answers are counted. */
export interface Row {
  name: string;
  title: string;
  /** `accepted`: 2xx, each backed by an order where orders are kept. `refused`: 409, with no order behind any. */
  counts: 'accepted' | 'refused';
  open(site: Site): Promise<Subject>;
}

/** A ratio that the product has set itself: the row over the best of the others, round by round. */
export interface Goal {
  title: string;
  row: string;
  over: readonly string[];
  atLeast: number;
}

/** The row that all others are measured by. */
export const REFERENCE = 'echo';

/** The most that an item may have, and more than the longest round can sell. */
const ENOUGH = 10_000_000;

/** In the order in which a round takes them. */
export const rows: readonly Row[] = [
  {
    name: REFERENCE,
    title: 'bare Fastify POST echo',
    counts: 'accepted',
    open: (site) => openBaseline('echo', site),
  },
  {
    name: 'select-for-update',
    title: 'handler: SELECT … FOR UPDATE',
    counts: 'accepted',
    open: (site) => openBaseline('select-for-update', site),
  },
  {
    name: 'conditional-update',
    title: 'handler: conditional UPDATE',
    counts: 'accepted',
    open: (site) => openBaseline('conditional-update', site),
  },
  {
    name: 'engine-accepted',
    title: 'engine: accepted, one hot item',
    counts: 'accepted',
    open: (site) => openEngine(site, { capacity: ENOUGH }),
  },
  {
    name: 'engine-limited',
    title: 'engine: accepted, limit per customer',
    counts: 'accepted',
    open: (site) => openEngine(site, { capacity: ENOUGH, limitPerCustomer: 1_000_000 }),
  },
  {
    name: 'engine-sold-out',
    title: 'engine: refused, sold out',
    counts: 'refused',
    open: (site) => openEngine(site, { capacity: 1 }, { soldOut: true }),
  },
];

export const goals: readonly Goal[] = [
  {
    title: 'accepted orders / better of the two handlers',
    row: 'engine-accepted',
    over: ['select-for-update', 'conditional-update'],
    atLeast: 7,
  },
  { title: 'refusals / bare echo', row: 'engine-sold-out', over: [REFERENCE], atLeast: 0.5 },
];
