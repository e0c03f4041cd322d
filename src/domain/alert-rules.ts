import type { ProcessReport } from './process-report.ts';

/** An item of a sale that is open now, and no test. */
export interface SellingItem {
  readonly saleId: string;
  readonly saleName: string;
  readonly itemId: string;
  readonly itemName: string;
  readonly capacity: number;
  readonly available: number;
}

/** A sale that is open now, has stock and has had orders. */
export interface SaleDemand {
  readonly saleId: string;
  readonly saleName: string;
  /** Units of all its items. */
  readonly available: number;
  readonly lastOrderAt: Date;
  /** When the order that is DEMAND_ORDERS − 1 before the last one was placed. */
  readonly earlierOrderAt: Date;
}

/** A process that reports of itself. */
export interface LivingProcess {
  readonly id: string;
  readonly role: string;
  readonly startedAt: Date;
  readonly report: Pick<ProcessReport, 'breaker' | 'gateDriftUnits' | 'requests' | 'errors'>;
}

/** A process that does so no more, and has not said that it stops. */
export interface SilentProcess {
  readonly id: string;
  readonly role: string;
  readonly seenAt: Date;
}

/** What is known at one moment, by the database's clock. */
export interface AlertFacts {
  readonly now: Date;
  /** At least those with no more than STOCK_LOW.resolvePercent left. */
  readonly items: readonly SellingItem[];
  readonly demand: readonly SaleDemand[];
  readonly outbox: { readonly events: number; readonly oldestSeconds: number };
  readonly deadLetters: readonly { readonly kind: string; readonly letters: number }[];
  readonly living: readonly LivingProcess[];
  readonly silent: readonly SilentProcess[];
  readonly discrepancies: readonly { readonly provider: string; readonly discrepancies: number }[];
}

/** Something an operator should know of, as it is now. */
export interface Condition {
  readonly alert: AlertName;
  /** What it is about: an item, a sale, a process, a kind of letter, a provider, or all. */
  readonly subject: string;
  /** One sentence for a person, without personal data. */
  readonly summary: string;
  readonly details: Readonly<Record<string, string | number>>;
}

/** Whether there is an open incident: what is open ends later than it began. */
export type IsOpen = (alert: AlertName, subject: string) => boolean;

/** Of an item's capacity. Between the two nothing changes. */
export const STOCK_LOW = { openPercent: 10, resolvePercent: 12 };

/** Shares of 5xx answers in the last minute; of fewer requests a share means nothing. */
const ERROR_RATE = { openPercent: 5, resolvePercent: 2, requestsMin: 20 };

/** How long the oldest event has waited to be told of. A relay takes milliseconds. */
const OUTBOX_LAG = { openSeconds: 30, resolveSeconds: 10 };

/** So many orders within so long are demand. At three a minute, two minutes without one are no accident. */
export const DEMAND_ORDERS = 30;
const DEMAND_WITHIN_MS = 600_000;
const QUIET_MS = 120_000;

/** The subject of what is about the whole engine. */
const ALL = 'all';

type Rule = (facts: AlertFacts, isOpen: IsOpen) => Omit<Condition, 'alert'>[];

interface Alert {
  /** How long the condition must be met until it is an incident. */
  readonly openAfterMs: number;
  /** How long it must be over until the incident is. */
  readonly resolveAfterMs: number;
  readonly rule: Rule;
}

const stockLow: Rule = ({ items }, isOpen) =>
  items.flatMap(({ saleId, saleName, itemId, itemName, capacity, available }) => {
    const percent = isOpen('stock-low', itemId) ? STOCK_LOW.resolvePercent : STOCK_LOW.openPercent;
    if (capacity === 0 || available * 100 > capacity * percent) return [];
    return {
      subject: itemId,
      summary: `${available} of ${capacity} left: ${itemName} (${saleName}).`,
      details: { saleId, itemId, available, capacity },
    };
  });

const errorRate: Rule = ({ living }, isOpen) => {
  const requests = sum(living, ({ report }) => report.requests);
  const errors = sum(living, ({ report }) => report.errors);
  const percent = isOpen('error-rate', ALL) ? ERROR_RATE.resolvePercent : ERROR_RATE.openPercent;
  if (requests < ERROR_RATE.requestsMin || errors * 100 < requests * percent) return [];
  const share = Math.round((errors * 1_000) / requests) / 10;
  return [
    {
      subject: ALL,
      summary: `${share} % of the requests of the last minute were answered with a 5xx.`,
      details: { requests, errors },
    },
  ];
};

const deadLetters: Rule = (facts) =>
  facts.deadLetters
    .filter(({ letters }) => letters > 0)
    .map(({ kind, letters }) => ({
      subject: kind,
      summary: `${letters} dead ${letters === 1 ? 'letter' : 'letters'} of the kind ${kind}.`,
      details: { kind, letters },
    }));

const gateDrift: Rule = ({ living }) => {
  const units = Math.max(0, ...living.map(({ report }) => report.gateDriftUnits));
  if (units === 0) return [];
  return [
    {
      subject: ALL,
      summary: `The gate differs from the ledger by ${units} ${units === 1 ? 'unit' : 'units'}, again and again.`,
      details: { units },
    },
  ];
};

const outboxLag: Rule = ({ outbox }, isOpen) => {
  const seconds = isOpen('outbox-lag', ALL) ? OUTBOX_LAG.resolveSeconds : OUTBOX_LAG.openSeconds;
  if (outbox.oldestSeconds <= seconds) return [];
  const oldestSeconds = Math.round(outbox.oldestSeconds);
  return [
    {
      subject: ALL,
      summary: `${outbox.events} events wait to be told of, the oldest for ${oldestSeconds} s.`,
      details: { events: outbox.events, oldestSeconds },
    },
  ];
};

const breakerOpen: Rule = ({ living }) => {
  const using = living.filter(({ report }) => report.breaker !== 'none');
  // Half-open is a look whether Redis is back, not that it is.
  const away = using.filter(({ report }) => report.breaker !== 'closed').length;
  if (away === 0) return [];
  return [
    {
      subject: ALL,
      summary: `${away} of ${using.length} processes do without Redis.`,
      details: { processes: using.length, away },
    },
  ];
};

const noOrders: Rule = ({ demand, now }) =>
  demand.flatMap(({ saleId, saleName, available, lastOrderAt, earlierOrderAt }) => {
    const quietMs = now.getTime() - lastOrderAt.getTime();
    const wanted = lastOrderAt.getTime() - earlierOrderAt.getTime() <= DEMAND_WITHIN_MS;
    if (!wanted || quietMs < QUIET_MS || available === 0) return [];
    return {
      subject: saleId,
      summary: `No order since ${lastOrderAt.toISOString()}, with ${available} units left: ${saleName}.`,
      details: { saleId, available, lastOrderAt: lastOrderAt.toISOString() },
    };
  });

/** Each process that started since stands in for one of its role that fell silent before. */
const processDown: Rule = ({ living, silent }) => {
  const spare = living.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  const lost = silent.toSorted((a, b) => a.seenAt.getTime() - b.seenAt.getTime());
  return lost.flatMap(({ id, role, seenAt }) => {
    const heir = spare.findIndex((process) => process.role === role && process.startedAt > seenAt);
    if (heir >= 0) {
      spare.splice(heir, 1);
      return [];
    }
    return {
      subject: id,
      summary: `A process of the role ${role} has been silent since ${seenAt.toISOString()}.`,
      details: { processId: id, role, seenAt: seenAt.toISOString() },
    };
  });
};

const paymentDiscrepancies: Rule = (facts) =>
  facts.discrepancies
    .filter(({ discrepancies }) => discrepancies > 0)
    .map(({ provider, discrepancies }) => ({
      subject: provider,
      summary: `The books of ${provider} and the ledger differ in ${discrepancies} ${discrepancies === 1 ? 'place' : 'places'}.`,
      details: { provider, discrepancies },
    }));

/** Every alert that the engine judges by itself. Each has a page, docs/runbook/<alert>.md. */
export const ALERTS = {
  // At once: what is low is gone soon. Holds come and go around the border, so its end waits.
  'stock-low': { openAfterMs: 0, resolveAfterMs: 15_000, rule: stockLow },
  'error-rate': { openAfterMs: 10_000, resolveAfterMs: 30_000, rule: errorRate },
  'dead-letters': { openAfterMs: 0, resolveAfterMs: 0, rule: deadLetters },
  // The gate is repaired every two seconds. What lasts comes back after each repair.
  'gate-drift': { openAfterMs: 60_000, resolveAfterMs: 30_000, rule: gateDrift },
  'outbox-lag': { openAfterMs: 10_000, resolveAfterMs: 10_000, rule: outboxLag },
  'breaker-open': { openAfterMs: 10_000, resolveAfterMs: 30_000, rule: breakerOpen },
  // A sale that was resumed a moment ago has no orders yet.
  'no-orders': { openAfterMs: 60_000, resolveAfterMs: 0, rule: noOrders },
  // Time for a supervisor to start another.
  'process-down': { openAfterMs: 15_000, resolveAfterMs: 0, rule: processDown },
  'payment-discrepancies': { openAfterMs: 0, resolveAfterMs: 0, rule: paymentDiscrepancies },
} as const satisfies Record<string, Alert>;

export type AlertName = keyof typeof ALERTS;

export const ALERT_NAMES = Object.keys(ALERTS) as readonly AlertName[];

/** The conditions that are met, one per alert and subject. Pure. */
export function findConditions(facts: AlertFacts, isOpen: IsOpen): Condition[] {
  return ALERT_NAMES.flatMap((alert) => ALERTS[alert].rule(facts, isOpen).map((found) => ({ alert, ...found })));
}

function sum<Each>(list: readonly Each[], of: (each: Each) => number): number {
  return list.reduce((total, each) => total + of(each), 0);
}
