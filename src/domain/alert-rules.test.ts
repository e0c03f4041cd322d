import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { ALERT_NAMES, type AlertFacts, type AlertName, findConditions, type SaleDemand } from './alert-rules.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);

/** Nothing is wrong. */
const WELL: AlertFacts = {
  now: NOW,
  items: [],
  demand: [],
  outbox: { events: 0, oldestSeconds: 0 },
  deadLetters: [],
  living: [],
  silent: [],
  discrepancies: [],
};

const item = (available: number, capacity: number) => ({
  ...{ saleId: 'sale', saleName: 'Drop', itemId: 'poster', itemName: 'Poster' },
  available,
  capacity,
});

const living = (
  report: Partial<AlertFacts['living'][number]['report']>,
  process: { role?: string; startedAt?: Date } = {},
) => ({
  ...{ id: 'here', role: 'api', startedAt: at(-3_600), ...process },
  report: { breaker: 'none' as const, gateDriftUnits: 0, requests: 0, errors: 0, ...report },
});

const silent = (role = 'api', seenAt = at(-20)) => ({ id: `gone-${role}-${seenAt.getTime()}`, role, seenAt });

/** The last order came so many seconds ago, and the 29 before it within so many. */
const demand = (quietSeconds: number, withinSeconds: number, rest: Partial<SaleDemand> = {}) => ({
  ...{ saleId: 'sale', saleName: 'Drop', available: 5 },
  lastOrderAt: at(-quietSeconds),
  earlierOrderAt: at(-quietSeconds - withinSeconds),
  ...rest,
});

/** What is told where the incident is not open, and where it is: none, or the subjects. */
const CASES: readonly [alert: AlertName, what: string, facts: Partial<AlertFacts>, calm: string[], open: string[]][] = [
  ['stock-low', 'of 100', { items: [item(10, 100)] }, ['poster'], ['poster']],
  ['stock-low', 'of 100', { items: [item(0, 100)] }, ['poster'], ['poster']],
  ['stock-low', 'a little more', { items: [item(11, 100)] }, [], ['poster']],
  ['stock-low', 'a little more', { items: [item(12, 100)] }, [], ['poster']],
  ['stock-low', 'enough', { items: [item(13, 100)] }, [], []],
  ['stock-low', 'of few', { items: [item(1, 5)] }, [], []],
  ['stock-low', 'of nothing', { items: [item(0, 0)] }, [], []],
  ['stock-low', 'of very many', { items: [item(100_000_000, 1_000_000_000)] }, ['poster'], ['poster']],
  ['error-rate', '5 %', { living: [living({ requests: 100, errors: 5 })] }, ['all'], ['all']],
  [
    'error-rate',
    '5 % over two processes',
    { living: [living({ requests: 50, errors: 5 }), living({ requests: 50 })] },
    ['all'],
    ['all'],
  ],
  ['error-rate', '4 %', { living: [living({ requests: 100, errors: 4 })] }, [], ['all']],
  ['error-rate', '1 %', { living: [living({ requests: 100, errors: 1 })] }, [], []],
  ['error-rate', 'of few requests', { living: [living({ requests: 19, errors: 19 })] }, [], []],
  [
    'dead-letters',
    'of two kinds',
    {
      deadLetters: [
        { kind: 'refund', letters: 1 },
        { kind: 'webhook', letters: 7 },
      ],
    },
    ['refund', 'webhook'],
    ['refund', 'webhook'],
  ],
  ['dead-letters', 'none', { deadLetters: [{ kind: 'refund', letters: 0 }] }, [], []],
  ['gate-drift', 'in one of two', { living: [living({}), living({ gateDriftUnits: 1 })] }, ['all'], ['all']],
  ['gate-drift', 'none', { living: [living({})] }, [], []],
  ['outbox-lag', 'long', { outbox: { events: 4, oldestSeconds: 30.1 } }, ['all'], ['all']],
  ['outbox-lag', 'some', { outbox: { events: 4, oldestSeconds: 30 } }, [], ['all']],
  ['outbox-lag', 'little', { outbox: { events: 90_000, oldestSeconds: 10 } }, [], []],
  ['breaker-open', 'open', { living: [living({ breaker: 'open' }), living({ breaker: 'closed' })] }, ['all'], ['all']],
  ['breaker-open', 'half-open', { living: [living({ breaker: 'half-open' })] }, ['all'], ['all']],
  ['breaker-open', 'closed, or none', { living: [living({ breaker: 'closed' }), living({})] }, [], []],
  ['no-orders', 'after a rush', { demand: [demand(120, 600)] }, ['sale'], ['sale']],
  ['no-orders', 'for a moment', { demand: [demand(119, 1)] }, [], []],
  ['no-orders', 'of those who come now and then', { demand: [demand(3_600, 601)] }, [], []],
  ['no-orders', 'without stock', { demand: [demand(300, 10, { available: 0 })] }, [], []],
  ['process-down', 'nobody instead', { living: [living({})], silent: [silent()] }, [silent().id], [silent().id]],
  ['process-down', 'another instead', { living: [living({}, { startedAt: at(-10) })], silent: [silent()] }, [], []],
  [
    'process-down',
    'one of another role',
    { living: [living({}, { startedAt: at(-10) })], silent: [silent('worker')] },
    [silent('worker').id],
    [silent('worker').id],
  ],
  [
    'process-down',
    'one instead of two',
    { living: [living({}, { startedAt: at(-10) })], silent: [silent('api', at(-20)), silent('api', at(-30))] },
    [silent('api', at(-20)).id],
    [silent('api', at(-20)).id],
  ],
  [
    'payment-discrepancies',
    'some',
    { discrepancies: [{ provider: 'stripe', discrepancies: 2 }] },
    ['stripe'],
    ['stripe'],
  ],
  ['payment-discrepancies', 'none', { discrepancies: [{ provider: 'stripe', discrepancies: 0 }] }, [], []],
];

for (const [alert, what, facts, calm, open] of CASES) {
  test(`${alert}, ${what}: ${calm.length > 0 ? 'is' : 'is not'} told of, and ${open.length > 0 ? 'lasts' : 'is over'}`, () => {
    for (const [isOpen, subjects] of [
      [false, calm],
      [true, open],
    ] as const) {
      const found = findConditions({ ...WELL, ...facts }, () => isOpen);
      assert.deepEqual(found.map((condition) => condition.subject).sort(), subjects.toSorted());
      for (const condition of found) {
        assert.equal(condition.alert, alert);
        assert.match(condition.summary, /\w.*\.$/);
      }
    }
  });
}

test('every alert is proven above, and when all is well there is nothing to tell', () => {
  assert.deepEqual(new Set(CASES.map(([alert]) => alert)), new Set(ALERT_NAMES));
  assert.deepEqual(
    findConditions(WELL, () => true),
    [],
  );
});

test('every alert has its page, and there is no page of an alert that is not there', () => {
  const pages = readdirSync(new URL('../../docs/runbook/', import.meta.url)).filter((name) => name !== 'README.md');
  assert.deepEqual(pages.sort(), [...ALERT_NAMES, 'ledger-away'].map((alert) => `${alert}.md`).sort());
});
