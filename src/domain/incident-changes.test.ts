import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALERTS, type Condition } from './alert-rules.ts';
import { decideIncidents, type IncidentChanges, type OpenIncident, type PendingChange } from './incident-changes.ts';

const START = Date.parse('2026-11-21T12:00:00Z');

const condition = (alert: Condition['alert'], subject = 'all'): Condition => ({
  ...{ alert, subject },
  ...{ summary: 'So it is.', details: {} },
});

/** Looks again and again: what is met at each second, and what came of it, as `+alert` and `-alert` with the second. */
function watch(met: readonly (readonly Condition[])[]): string[] {
  let open: OpenIncident[] = [];
  let pending: readonly PendingChange[] = [];
  const log: string[] = [];
  for (const [second, conditions] of met.entries()) {
    const now = new Date(START + second * 1_000);
    const changes: IncidentChanges = decideIncidents({ now, conditions, open, pending });
    for (const { alert, subject } of changes.opened) log.push(`${second} +${alert} ${subject}`);
    for (const { alert, subject } of changes.resolved) log.push(`${second} -${alert} ${subject}`);
    open = open.filter((incident) => !changes.resolved.includes(incident));
    open.push(...changes.opened.map(({ alert, subject }) => ({ id: `${second}`, alert, subject })));
    pending = changes.pending;
  }
  return log;
}

const seconds = (ms: number) => ms / 1_000;
const times = (count: number, ...conditions: Condition[]) => Array.from({ length: count }, () => conditions);

for (const [alert, { openAfterMs, resolveAfterMs }] of Object.entries(ALERTS)) {
  const met = condition(alert as Condition['alert']);
  test(`${alert} is opened once after ${openAfterMs} ms and resolved once after ${resolveAfterMs} ms`, () => {
    const opens = seconds(openAfterMs);
    const ends = opens + 5 + seconds(resolveAfterMs);
    const log = watch([...times(opens + 5, met), ...times(200)]);
    assert.deepEqual(log, [`${opens} +${alert} all`, `${ends} -${alert} all`]);
  });
}

test('what flickers is no incident, and a flicker of calm ends none', () => {
  const lag = condition('outbox-lag');
  const flicker = Array.from({ length: 100 }, (_, second) => (second % 10 === 9 ? [] : [lag]));
  assert.deepEqual(watch(flicker), []);
  const calm = Array.from({ length: 100 }, (_, second) => (second > 20 && second % 10 !== 9 ? [] : [lag]));
  assert.deepEqual(watch([...times(20, lag), ...calm]), ['10 +outbox-lag all']);
});

test('subjects and alerts have nothing to do with each other', () => {
  const [refund, webhook] = [condition('dead-letters', 'refund'), condition('dead-letters', 'webhook')];
  assert.deepEqual(watch([[refund], [refund, webhook], [webhook], []]), [
    '0 +dead-letters refund',
    '1 +dead-letters webhook',
    '2 -dead-letters refund',
    '3 -dead-letters webhook',
  ]);
});

test('an incident of an alert that this version does not know is over', () => {
  const incident = { id: '1', alert: 'of-another-time', subject: 'all' };
  const changes = decideIncidents({ now: new Date(START), conditions: [], open: [incident], pending: [] });
  assert.deepEqual(changes.resolved, [incident]);
});
