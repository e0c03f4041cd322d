import { openBaseline } from './baseline.ts';
import { playIdleConnections, playManyRefusals } from './play-memory.ts';
import { playPaced } from './play-paced.ts';
import { playSize, playSizeOfPaying } from './play-size.ts';
import { playStart } from './play-start.ts';
import type { Group, LoadRow, Row } from './row.ts';
import {
  openFilled,
  openOrderReads,
  openPaying,
  openPlacing,
  openRepeats,
  openSaleReads,
  openSoldOut,
} from './scenes.ts';
import { openRateLimited, openScraped, openTraced } from './switches.ts';

/** The row that all others are measured by. */
export const REFERENCE = 'echo';

/** What a full rush is: the connections of the largest load. */
const MANY = 256;

/** A rate that leaves room, as operators plan it. */
const PLANNED_SHARE = 0.7;

/** In the order in which a round takes them. */
export const rows: readonly Row[] = [
  ...group('baselines', [
    load(REFERENCE, '(a) bare Fastify POST echo', (site) => openBaseline('echo', site)),
    load('select-for-update', '(b) handler: SELECT … FOR UPDATE', (site) => openBaseline('select-for-update', site)),
    load('conditional-update', '(c) handler: conditional UPDATE, INSERT', (site) =>
      openBaseline('conditional-update', site),
    ),
    load('conditional-statement', '(d) handler: both in one statement, pool of 2', (site) =>
      openBaseline('conditional-statement', site),
    ),
    load(
      'redis-counter',
      '(e) handler: Redis counter, INSERT (loses orders)',
      (site) => openBaseline('redis-counter', site),
      {
        usesRedis: true,
      },
    ),
  ]),
  ...group('placing', [
    load('accepted', 'accepted, one hot item', (site) => openPlacing(site)),
    load('echo-256', 'bare echo, 256 connections', (site) => openBaseline('echo', site), { connections: MANY }),
    load('accepted-256', 'accepted, 256 connections', (site) => openPlacing(site), {
      connections: MANY,
      reference: 'echo-256',
    }),
    load('limited', 'accepted, with a limit per customer', (site) =>
      openPlacing(site, { terms: { limitPerCustomer: 1_000_000 } }),
    ),
    load('five-lines', 'accepted, five lines', (site) => openPlacing(site, { terms: { items: 5 } })),
    load('thousand-sales', 'accepted, a thousand sales at once', (site) => openPlacing(site, { sales: 1_000 })),
  ]),
  ...group('gate', [
    load('gate-1', 'accepted through Redis, 1 process', (site) => openPlacing(site), { usesRedis: true }),
    load('gate-2', 'accepted through Redis, 2 processes', (site) => openPlacing(site, { processes: 2 }), {
      usesRedis: true,
    }),
    load('gate-4', 'accepted through Redis, 4 processes', (site) => openPlacing(site, { processes: 4 }), {
      usesRedis: true,
    }),
  ]),
  ...group('refusing', [
    { ...load('sold-out', 'refused, sold out', openSoldOut), counts: 'refused' },
    { ...load('sold-out-gate', 'refused, sold out, with Redis', openSoldOut, { usesRedis: true }), counts: 'refused' },
    load('repeats', 'repeats of done orders', openRepeats),
  ]),
  ...group('reading', [
    load('get-order', 'GET of an order', openOrderReads),
    load('get-sale', 'GET of a sale with its items', openSaleReads),
  ]),
  ...group('paying', [load('pay', 'paid, card charged at once', openPaying)]),
  ...group('switches', [
    load('traced', 'accepted, 1 % traced', openTraced),
    load('scraped', 'accepted, metrics read each second', openScraped),
    load('rate-limited', 'accepted, rate limits on', openRateLimited),
  ]),
  ...group('history', [load('filled', 'accepted, many orders in the ledger', openFilled, { keepsDatabase: true })]),
  ...group('latency', [
    {
      name: 'paced',
      title: 'accepted, open loop at 70 % of the top rate',
      needs: ['accepted'],
      play: (site) => playPaced(site, site.rateOf('accepted') * PLANNED_SHARE, (its) => openPlacing(its)),
    },
  ]),
  ...group('memory', [
    { name: 'idle-connections', title: 'memory with idle connections', roundsMax: 1, play: playIdleConnections },
    { name: 'many-refusals', title: 'memory after many refusals', roundsMax: 1, play: playManyRefusals },
  ]),
  ...group('size', [
    { name: 'order-size', title: 'bytes of an order', roundsMax: 1, play: playSize },
    { name: 'payment-size', title: 'bytes that a payment adds', roundsMax: 1, play: playSizeOfPaying },
  ]),
  ...group('start', [{ name: 'start', title: 'npm start until ready', roundsMax: 3, play: playStart }]),
];

type Ungrouped<Each> = Each extends Row ? Omit<Each, 'group'> : never;

function group(name: Group, members: readonly Ungrouped<Row>[]): Row[] {
  return members.map((row) => ({ ...row, group: name }));
}

/** A row under load whose answers are 2xx. */
function load(
  name: string,
  title: string,
  open: LoadRow['open'],
  rest: Partial<Pick<LoadRow, 'connections' | 'reference' | 'usesRedis' | 'keepsDatabase'>> = {},
): Omit<LoadRow, 'group'> {
  return { name, title, counts: 'accepted', open, ...rest };
}
