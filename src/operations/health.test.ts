import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealth } from './health.ts';

type Sources = Parameters<typeof createHealth>[0];

const healthOf = (own: Partial<Sources> = {}) =>
  createHealth({
    role: 'all',
    started: () => true,
    ledgerAnswers: async () => true,
    outbox: async () => ({ events: 3, oldestSeconds: 1.5 }),
    breaker: () => undefined,
    gateDriftUnits: () => 0,
    duties: () => [{ name: 'sweeper', failing: false }],
    accepting: () => true,
    ...own,
  });

const CASES: readonly [why: string, own: Partial<Sources>, status: string][] = [
  ['all is well', {}, 'ready'],
  ['Redis is there', { breaker: () => 'closed' }, 'ready'],
  ['Redis is away', { breaker: () => 'open' }, 'degraded'],
  ['Redis is tried', { breaker: () => 'half-open' }, 'degraded'],
  ['a duty fails', { duties: () => [{ name: 'sweeper', failing: true }] }, 'degraded'],
  ['events wait for minutes', { outbox: async () => ({ events: 1, oldestSeconds: 61 }) }, 'degraded'],
  ['the outbox cannot be read', { outbox: async () => undefined }, 'degraded'],
  ['the ledger does not answer', { ledgerAnswers: async () => false }, 'not_ready'],
  ['the ledger answers too late', { ledgerAnswers: async () => undefined }, 'not_ready'],
  ['a stop was asked for', { accepting: () => false }, 'not_ready'],
  ['it starts', { started: () => false }, 'not_ready'],
];

for (const [why, own, status] of CASES) {
  test(`${status}: ${why}`, async () => {
    assert.equal((await healthOf(own).readiness()).status, status);
  });
}

test('each part tells its state', async () => {
  const { parts } = await healthOf({
    breaker: () => 'open',
    gateDriftUnits: () => 4,
    duties: () => [
      { name: 'good', failing: false },
      { name: 'bad', failing: true },
    ],
  }).readiness();
  assert.deepEqual(parts, {
    ledger: 'up',
    redis: 'away',
    outbox: { events: 3, oldestSeconds: 1.5 },
    gateDriftUnits: 4,
    workers: { role: 'all', failing: ['bad'] },
    accepting: true,
  });
});
