import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestDatabase } from './database.ts';

/** One line of "All transitions" in docs/order-states.md. */
interface PublishedStep {
  readonly trigger: string;
  readonly from: string;
  readonly to: string;
  readonly who: readonly string[];
  readonly event: string;
}

const PAGE = new URL('../../docs/order-states.md', import.meta.url);

/** What may happen to an order, as the documentation tells it. */
function readPublishedSteps(): PublishedStep[] {
  const [, table = ''] = readFileSync(PAGE, 'utf8').split('## All transitions');
  return table.split('\n').flatMap((line) => {
    const [trigger, from, to, who, , , event] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim().replaceAll('`', ''));
    if (trigger === undefined || !from || !to || !who || !event || !/^[a-z_]+$/.test(from)) return [];
    const [name = ''] = trigger.replace('⚙ ', '').split(' (');
    return [{ trigger: name, from, to: to === 'unchanged' ? from : to, who: who.split(', '), event }];
  });
}

interface HistoryRow {
  order_id: string;
  version: number;
  type: string;
  status: string;
  cause: string | null;
  actor_role: string | null;
  fulfillment: 'direct' | 'kitchen';
}

/** What happens to the money of an order leaves its status alone. */
const MONEY_EVENT = /^(payment|refund)\.[a-z_]+$/;

/** As what an order may begin; paid at once where there is nothing to pay. */
const FIRST: Readonly<Record<HistoryRow['fulfillment'], readonly string[]>> = {
  direct: ['pending_payment', 'confirmed'],
  kitchen: ['pending_payment', 'pending_acceptance'],
};

/** S-11: of each order the versions rise by 1 from 1 without gaps, and each step is a line of the published table. */
export async function assertHistoriesFollowTable(database: TestDatabase): Promise<void> {
  const published = readPublishedSteps();
  assert.ok(published.length > 30, 'the published table was not read');
  const rows = await database.query<HistoryRow>(
    `SELECT order_id, order_events.version, type, order_events.status, cause, actor_role, sales.fulfillment
     FROM order_events JOIN orders ON orders.id = order_id JOIN sales ON sales.id = orders.sale_id
     ORDER BY order_id, order_events.version`,
  );
  const faults: string[] = [];
  let before: HistoryRow | undefined;
  for (const row of rows) {
    const fault = before?.order_id === row.order_id ? faultOfStep(published, before, row) : faultOfFirst(row);
    if (fault !== undefined) faults.push(`${row.order_id} version ${row.version}: ${fault}`);
    before = row;
  }
  assert.deepEqual(faults, [], 'a history does not follow the published table');
}

function faultOfFirst({ version, type, status, fulfillment }: HistoryRow): string | undefined {
  if (version === 1 && type === 'order.placed' && FIRST[fulfillment].includes(status)) return undefined;
  return `an order begins with ${type} as ${status}`;
}

function faultOfStep(published: readonly PublishedStep[], before: HistoryRow, row: HistoryRow): string | undefined {
  if (row.version !== before.version + 1) return `follows version ${before.version}`;
  if (MONEY_EVENT.test(row.type)) {
    return row.status === before.status ? undefined : `${row.type} changed ${before.status} to ${row.status}`;
  }
  const known = published.some(
    ({ trigger, from, to, who, event }) =>
      trigger === row.cause &&
      from === before.status &&
      to === row.status &&
      event === row.type &&
      who.includes(row.actor_role ?? ''),
  );
  return known ? undefined : `${row.type} by ${row.cause} (${row.actor_role}) from ${before.status} to ${row.status}`;
}
