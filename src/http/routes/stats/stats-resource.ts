import { type Static, Type } from 'typebox';
import type { Figures, SaleFigures, Statistics, SystemFigures } from '../../../actions/read-statistics.ts';
import { ORDER_STATUSES } from '../../../domain/order.ts';
import type { ProcessState } from '../../../ledger/processes.ts';
import { encodeCursor, NextCursor } from '../../cursor.ts';
import { Uuid } from '../../uuid.ts';
import { StockResource } from '../sales/sale-resource.ts';

const Timestamp = Type.String({ format: 'date-time' });

const Amount = Type.Integer({ description: 'In minor units (cents).' });

// Without the name: a schema that names another twice cannot be compiled.
const Stock = Type.Object(StockResource.properties);

const FIGURES = {
  ordersByStatus: Type.Object(
    Object.fromEntries(ORDER_STATUSES.map((status) => [status, Type.Optional(Type.Integer())])),
    { description: 'Statuses without any order are left out.' },
  ),
  ordersPerSecond: Type.Object({
    now: Type.Number({ description: 'The mean of the last five full seconds.' }),
    peak: Type.Union([Type.Object({ perSecond: Type.Integer(), at: Timestamp }), Type.Null()], {
      description: 'The busiest second: of a sale ever, of all together within the last day.',
    }),
  }),
  refused: Type.Object(
    {},
    { additionalProperties: Type.Integer(), description: 'Requests for orders that were refused, by reason.' },
  ),
  money: Type.Union(
    [Type.Array(Type.Object({ currency: Type.String(), capturedMinor: Amount, refundedMinor: Amount })), Type.Null()],
    { description: 'Null until it was read for the first time, which may take long where there is much.' },
  ),
  stock: Stock,
};

const SaleStatsResource = Type.Object(
  {
    saleId: Uuid,
    merchantId: Uuid,
    name: Type.String(),
    status: Type.Enum(['scheduled', 'open', 'paused', 'sold_out', 'closed']),
    test: Type.Boolean(),
    currency: Type.String(),
    opensAt: Timestamp,
    closesAt: Timestamp,
    ...FIGURES,
    items: Type.Array(Type.Object({ itemId: Uuid, name: Type.String(), stock: Stock })),
  },
  { $id: 'SaleStats', title: 'SaleStats' },
);

const ProcessResource = Type.Object({
  id: Uuid,
  role: Type.String(),
  version: Type.String(),
  startedAt: Timestamp,
  seenAt: Timestamp,
  breaker: Type.Enum(['closed', 'open', 'half-open', 'none']),
  gateDriftUnits: Type.Integer(),
  waitingOrders: Type.Integer(),
  eventLoopLagMs: Type.Number(),
  duties: Type.Array(
    Type.Object({
      name: Type.String(),
      lastSuccessAt: Type.Union([Timestamp, Type.Null()]),
      failing: Type.Boolean(),
    }),
  ),
});

const SystemResource = Type.Object(
  {
    deadLetters: Type.Array(Type.Object({ kind: Type.String(), letters: Type.Integer() })),
    outbox: Type.Object({
      events: Type.Integer({ description: 'Events that nobody was told of yet; 100,000 means that or more.' }),
      oldestSeconds: Type.Number(),
    }),
    breaker: Type.Enum(['closed', 'open', 'half-open', 'none'], { description: 'The worst of all processes.' }),
    gateDriftUnits: Type.Integer({ description: 'The most of all processes.' }),
    processes: Type.Array(ProcessResource),
  },
  { $id: 'SystemStats', title: 'SystemStats' },
);

/** How the figures are shown. */
export const StatsResource = Type.Object(
  {
    at: Type.String({ format: 'date-time', description: "The ledger's clock." }),
    totals: Type.Object(FIGURES, {
      description: 'All real sales there ever were; with merchantId, those of the merchant; with saleId, that sale.',
    }),
    sales: Type.Array(SaleStatsResource, {
      description: 'Real sales that are open or paused now or ended within the last day, the newest first.',
    }),
    nextCursor: NextCursor,
    system: Type.Union([SystemResource, Type.Null()], { description: 'Operators only.' }),
  },
  { $id: 'Stats', title: 'Stats' },
);

export type Stats = Static<typeof StatsResource>;

export function toStatsResource(statistics: Statistics, system: SystemFigures | null): Stats {
  const { at, totals, sales, nextId } = statistics;
  return {
    at: at.toISOString(),
    totals: toFigures(totals),
    sales: sales.map(toSaleStats),
    nextCursor: nextId === null ? null : encodeCursor({ id: nextId }),
    system: system && toSystem(system),
  };
}

function toFigures({ orders, perSecond, peak, refused, money, stock }: Figures) {
  return {
    ordersByStatus: orders,
    ordersPerSecond: { now: perSecond, peak: peak && { perSecond: peak.perSecond, at: peak.at.toISOString() } },
    refused,
    money: money && [...money],
    stock,
  };
}

function toSaleStats({ sale, ...figures }: SaleFigures): Stats['sales'][number] {
  return {
    saleId: sale.id,
    merchantId: sale.merchantId,
    name: sale.name,
    status: sale.status,
    test: sale.test,
    currency: sale.currency,
    opensAt: sale.opensAt.toISOString(),
    closesAt: sale.closesAt.toISOString(),
    ...toFigures(figures),
    items: sale.items.map(({ id, name, ...stock }) => ({ itemId: id, name, stock })),
  };
}

/** From the best to the worst. */
const BREAKER_STATES = ['none', 'closed', 'half-open', 'open'] as const;

function toSystem({ deadLetters, outbox, processes }: SystemFigures): Static<typeof SystemResource> {
  const states = processes.map(({ report }) => BREAKER_STATES.indexOf(report.breaker));
  return {
    deadLetters: [...deadLetters],
    outbox,
    breaker: BREAKER_STATES[Math.max(0, ...states)] ?? 'none',
    gateDriftUnits: Math.max(0, ...processes.map(({ report }) => report.gateDriftUnits)),
    processes: processes.map(toProcess),
  };
}

function toProcess({ id, role, version, startedAt, seenAt, report }: ProcessState) {
  const { breaker, gateDriftUnits, waitingOrders, eventLoopLagMs, duties } = report;
  return {
    id,
    role,
    version,
    startedAt: startedAt.toISOString(),
    seenAt: seenAt.toISOString(),
    breaker,
    gateDriftUnits,
    waitingOrders,
    eventLoopLagMs,
    duties: [...duties],
  };
}
