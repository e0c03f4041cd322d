import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ALERT_NAMES } from '../src/domain/alert-rules.ts';
import { amtool, MONITORING, promtool } from './support/prometheus.ts';
import { scaled } from './support/scale.ts';

const read = (name: string) => readFileSync(join(MONITORING, name), 'utf8');

test('Prometheus and Alertmanager take the files of examples/monitoring', () => {
  for (const answer of [
    promtool(['check', 'config', 'prometheus.yml']),
    amtool(['check-config', 'alertmanager.yml']),
    promtool(['test', 'rules', 'alerts.test.yml']),
  ]) {
    assert.ok(answer.ok, answer.text);
  }
});

/** What a hurried hand might change in the rules. */
const FAULTS: readonly [rule: string, fault: string][] = [
  ['<= 0.1', '<= 0.2'],
  ['<= 0.1', '<= 0.05'],
  ['keep_firing_for: 30s', 'keep_firing_for: 1h'],
  ['> 0.05', '> 0.01'],
  ['> 0.05', '> 0.1'],
  ['> 20 / 60', '>= 0'],
  ['doorbuster_dead_letters) > 0', 'doorbuster_dead_letters) > 2'],
  ['doorbuster_gate_drift_units) > 0', 'doorbuster_gate_drift_units) >= 0'],
  ['for: 1m', 'for: 0s'],
  ['oldest_seconds) > 30', 'oldest_seconds) > 3'],
  ['oldest_seconds) > 30', 'oldest_seconds) > 300'],
  ['state!="closed"', 'state="open"'],
  ['>= 30', '>= 1'],
  [
    ') > 0\n        for: 1m\n        labels: { severity: critical }',
    ') >= 0\n        for: 1m\n        labels: { severity: critical }',
  ],
  [' and on (sale) max by (sale) (doorbuster_sale_open) == 1', ''],
  [' or absent(up{job="doorbuster"})', ''],
  ['unless on', 'and on'],
  ['for: 15s', 'for: 0s'],
  ['discrepancies) > 0', 'discrepancies) >= 0'],
  ['/runbook/no-orders', '/runbook/no-order'],
];

test('a rule that fires too early, too late or with another page fails its tests', () => {
  const folder = mkdtempSync('/tmp/doorbuster-rules-');
  try {
    cpSync(MONITORING, folder, { recursive: true });
    const rules = read('alerts.yml');
    for (const [rule, fault] of FAULTS.filter((_, index) => index % scaled(6, 1) === 0)) {
      assert.ok(rules.includes(rule), rule);
      writeFileSync(join(folder, 'alerts.yml'), rules.replace(rule, fault));
      assert.ok(!promtool(['test', 'rules', 'alerts.test.yml'], folder).ok, `${rule} may be ${fault}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('each alert of Prometheus is proven by a test, and each alert of the engine is one of Prometheus, with the same page', () => {
  const rules = read('alerts.yml');
  const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '');
  const proven = new Set([...read('alerts.test.yml').matchAll(/alertname: (\w+)/g)].map(([, name]) => name));
  assert.deepEqual(proven, new Set(names));
  const pages = [...rules.matchAll(/\$externalLabels\.doorbuster_url \}\}\/runbook\/([\w-]+)/g)].map(
    ([, page]) => page ?? '',
  );
  assert.equal(pages.length, names.length);
  assert.deepEqual(new Set(pages), new Set([...ALERT_NAMES, 'ledger-away']));
  for (const page of pages) {
    assert.ok(existsSync(join(MONITORING, `../../docs/runbook/${page}.md`)), page);
  }
});

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

test('the dashboard shows what the alerts are about, from any data source, and no panel covers another', () => {
  const { panels, templating } = JSON.parse(read('grafana-dashboard.json')) as {
    panels: readonly Panel[];
    templating: { list: readonly { name: string; type: string }[] };
  };
  assert.ok(templating.list.some(({ name, type }) => name === 'datasource' && type === 'datasource'));
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const charts = panels.filter(({ type }) => type !== 'row');
  for (const { title, datasource, targets = [] } of charts) {
    assert.ok(targets.length > 0, title);
    for (const each of [{ datasource }, ...targets]) assert.equal(each.datasource?.uid, `\${datasource}`, title);
  }
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
  );
  assert.equal(new Set(cells).size, cells.length);
  const shown = charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n');
  for (const [metric] of read('alerts.yml').matchAll(/doorbuster_(?!url)\w+/g)) {
    assert.ok(shown.includes(metric), `no panel shows ${metric}`);
  }
});
