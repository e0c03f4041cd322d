import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { MONITORING, type MonitoringServer, startAlertmanager, startPrometheus } from '../support/prometheus.ts';
import { createReceiver, type ReceivedRequest, type Receiver } from '../support/receiver.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
/** Gets what Alertmanager says, and on another path what the engine says itself. */
let receiver: Receiver;
let prometheus: MonitoringServer;
let engineUrls: readonly [string, string];
let shop: Shop;

before(async () => {
  database = await stage.database();
  receiver = await createReceiver();
  stage.atEnd(() => receiver.close());
  const { url, urls } = await stage.engines({ DATABASE_URL: database.url, NOTIFY_URL: `${receiver.url}/engine` });
  engineUrls = urls;
  const alertmanager = await startAlertmanager(`${receiver.url}/alertmanager`);
  stage.atEnd(() => alertmanager.stop());
  prometheus = await startPrometheus({ engines: engineUrls, alertmanager, publicUrl: url });
  stage.atEnd(() => prometheus.stop());
  shop = await createShop(url);
});

interface SentAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The alerts about an item in a message of Alertmanager. */
function alertsOf({ path, body }: ReceivedRequest, itemId: string): SentAlert[] {
  if (path !== '/alertmanager') return [];
  return (JSON.parse(body).alerts as SentAlert[]).filter(({ labels }) => labels['item'] === itemId);
}

const toldBy = (itemId: string) => ({
  alertmanager: (status: SentAlert['status']) => (request: ReceivedRequest) =>
    alertsOf(request, itemId).some((alert) => alert.status === status),
  engine:
    (type: string) =>
    ({ path, body }: ReceivedRequest) => {
      if (path !== '/engine') return false;
      const message = JSON.parse(body);
      return message.type === type && message.data.incident.subject === itemId;
    },
});

test('stock that is really low fires and resolves in a real Prometheus, Alertmanager tells it, and so does the engine', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 20 }] });
  const itemId = sale.items[0]?.id ?? '';
  const told = toldBy(itemId);
  assert.equal((await shop.order(sale, { quantity: 19 })).status, 201);

  const [message] = await receiver.until(1, told.alertmanager('firing'));
  await receiver.until(1, told.engine('incident.opened'));
  const [alert] = message === undefined ? [] : alertsOf(message, itemId);
  assert.equal(alert?.labels['alertname'], 'DoorbusterStockLow');
  assert.equal(alert.annotations['summary'], `1 units left of item ${itemId} in sale ${sale.id}.`);
  const page = await send('GET', alert.annotations['runbook_url'] ?? '');
  assert.equal(page.status, 200);
  assert.match(page.text, /Stock is low/);

  const stock = await send('POST', `${shop.url}/api/v1/admin/stock`, {
    ...{ token: shop.operatorToken, key: 'auto' },
    body: { itemId, capacity: 100 },
  });
  assert.equal(stock.status, 200, stock.text);
  await receiver.until(1, told.alertmanager('resolved'));
  await database.until('SELECT since FROM alert_changes WHERE subject = $1', [itemId]);
  await database.query(`UPDATE alert_changes SET since = since - interval '1 minute'`);
  await receiver.until(1, told.engine('incident.resolved'));
  assert.equal(receiver.received.filter(told.engine('incident.opened')).length, 1);
});

test('Prometheus judges every rule of the example without a fault, and nothing that is well fires', async () => {
  const answer = await send('GET', `${prometheus.url}/api/v1/rules`);
  const rules = answer.json.data.groups[0].rules as { name: string; health: string; lastError?: string }[];
  assert.equal(rules.length, readFileSync(join(MONITORING, 'alerts.yml'), 'utf8').match(/- alert:/g)?.length);
  for (const { name, health, lastError } of rules) assert.equal(health, 'ok', `${name}: ${lastError}`);
  const alerts = (await send('GET', `${prometheus.url}/api/v1/alerts`)).json.data.alerts as SentAlert[];
  assert.deepEqual(
    alerts.map(({ labels }) => labels['alertname']),
    [],
  );
});

test('every metric that the rules and the dashboard name is one of the engine', async () => {
  const exposed = (await send('GET', `${engineUrls[0]}/metrics`)).text;
  const known = new Set([...exposed.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
  for (const file of ['alerts.yml', 'grafana-dashboard.json']) {
    const text = readFileSync(join(MONITORING, file), 'utf8').replaceAll('doorbuster_url', '');
    for (const [name] of text.matchAll(/\b(doorbuster|nodejs|process)_\w+/g)) {
      assert.ok(known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, '')), `${file}: ${name}`);
    }
  }
});
