import { setTimeout as delay } from 'node:timers/promises';
import type {
  DeliveryRecord,
  FinalState,
  HistoryRecord,
  ProviderPayment,
  RestState,
} from '../../lab/checker/history.ts';
import { type OrderLife, readOrderLife } from '../../lab/checker/order-life.ts';
import type { Operator } from '../../lab/rush/operator.ts';
import { readFinalState } from '../../lab/rush/read-back.ts';
import type { ReceivedRequest } from '../support/receiver.ts';
import type { World } from './world.ts';

const REST_MS_MAX = 60_000;
const LOOK_AGAIN_MS = 150;

/** What still moves; or would, while it is read. */
export interface Moving {
  readonly jobs: number;
  readonly events: number;
  readonly deliveries: number;
  readonly processing: number;
  readonly overdue: number;
  /** Known differences between the books; one that was seen while money moved goes with the next comparison. */
  readonly differences: number;
  readonly gate: number;
}

/**
 * Waits until nothing of a sale moves any more: its money is where it belongs, its events are delivered, whose time is
 * over has ended, and the gate equals the ledger. Waits between two tries of a payment job are cut short. What still
 * moves when `patienceMs` are over; `undefined` when it is at rest.
 */
export async function untilAtRest(world: World, saleId: string, patienceMs = REST_MS_MAX): Promise<Moving | undefined> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    await hurry(world, saleId);
    const moving = await whatMoves(world, saleId);
    if (Object.values(moving).every((count) => count === 0)) return undefined;
    if (performance.now() > deadline) return moving;
    await delay(LOOK_AGAIN_MS);
  }
}

/** What time would do: whoever had begun a charge is out of it, and a job's next try is due. Rows that an engine holds wait. */
async function hurry({ query }: World, saleId: string): Promise<void> {
  await query(
    `UPDATE payments SET created_at = created_at - interval '1 minute'
     WHERE id IN (SELECT id FROM payments
                  WHERE status IN ('processing', 'requires_action') AND created_at > clock_timestamp() - interval '1 minute'
                    AND order_id IN (SELECT id FROM orders WHERE sale_id = $1) FOR UPDATE SKIP LOCKED)`,
    [saleId],
  );
  await query(
    `UPDATE payment_jobs SET run_at = clock_timestamp()
     WHERE id IN (SELECT id FROM payment_jobs
                  WHERE status = 'due' AND run_at > clock_timestamp() + interval '1 second'
                    AND order_id IN (SELECT id FROM orders WHERE sale_id = $1) FOR UPDATE SKIP LOCKED)`,
    [saleId],
  );
}

async function whatMoves({ query, engines }: World, saleId: string): Promise<Moving> {
  const [counts] = await query<Record<Exclude<keyof Moving, 'gate'>, number>>(
    `WITH own AS (SELECT id, status, pay_by, accept_by FROM orders WHERE sale_id = $1)
     SELECT (SELECT count(*)::int FROM payment_jobs JOIN own ON own.id = order_id WHERE payment_jobs.status = 'due') AS jobs,
       (SELECT count(*)::int FROM outbox JOIN own ON own.id = order_id) AS events,
       (SELECT count(*)::int FROM webhook_deliveries JOIN own ON own.id = order_id
        WHERE webhook_deliveries.status <> 'delivered') AS deliveries,
       (SELECT count(*)::int FROM own WHERE status = 'payment_processing') AS processing,
       (SELECT count(*)::int FROM own WHERE (status = 'pending_payment' AND pay_by <= soon)
          OR (status = 'pending_acceptance' AND accept_by <= soon)) AS overdue,
       (SELECT count(*)::int FROM payment_discrepancies JOIN own ON own.id = order_id) AS differences
     FROM (SELECT clock_timestamp() + interval '20 seconds' AS soon) AS clock`,
    [saleId],
  );
  const gates = await Promise.all(engines.map(({ url }) => readGate(url)));
  const gate = gates.filter((each) => !each.closed || each.driftUnits + each.openReservations > 0).length;
  return { jobs: 0, events: 0, deliveries: 0, processing: 0, overdue: 0, differences: 0, ...counts, gate };
}

interface GateState {
  readonly closed: boolean;
  readonly driftUnits: number;
  readonly openReservations: number;
}

async function readGate(url: string): Promise<GateState> {
  const metrics = await fetch(`${url}/metrics`).then(
    (response) => response.text(),
    () => '',
  );
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? Number.NaN);
  return {
    closed: metrics.includes('doorbuster_redis_breaker{state="closed"} 1'),
    driftUnits: value('doorbuster_gate_drift_units'),
    openReservations: value('doorbuster_gate_open_reservations'),
  };
}

/** Reads everything back, from the engine, from the provider's books and from what was received. */
export async function readAtRest(
  world: World,
  operator: Operator,
  saleId: string,
  record: (record: HistoryRecord) => void,
  receivedFrom: number,
): Promise<FinalState> {
  for (const request of world.receiver.received.slice(receivedFrom)) {
    const delivery = describeDelivery(request, saleId);
    if (delivery !== undefined) record(delivery);
  }
  const state = await readFinalState(operator, saleId, record);
  const lives = await readLives(operator, saleId);
  const own = new Set(state.orders.map(({ id }) => id));
  const gates = await Promise.all(world.engines.map(({ url }) => readGate(url)));
  const rest: RestState = {
    observedAt: await readClock(world),
    lives,
    providerBooks: await readProviderBooks(world, saleId),
    discrepancies: (await readDiscrepancies(operator)).filter(({ orderId }) => own.has(orderId ?? '')),
    gate: {
      driftUnits: Math.max(...gates.map(({ driftUnits }) => driftUnits)),
      openReservations: Math.max(...gates.map(({ openReservations }) => openReservations)),
    },
    eventsAwaited: true,
  };
  return { ...state, rest };
}

async function readClock({ query }: World): Promise<string> {
  const [row] = await query<{ now: Date }>('SELECT clock_timestamp() AS now');
  return (row?.now ?? new Date(0)).toISOString();
}

async function readLives(operator: Operator, saleId: string): Promise<OrderLife[]> {
  const query = { saleId, include: 'lines,history,payments,refunds', limit: 100 };
  return Array.fromAsync(operator.orders.list(query), (order) => {
    const life = readOrderLife(order);
    if (life === undefined) throw new Error(`This is no order with its history: ${JSON.stringify(order)}`);
    return life;
  });
}

const readDiscrepancies = (operator: Operator) =>
  Array.fromAsync(operator.admin.listPaymentDiscrepancies({ limit: 100 }));

async function readProviderBooks({ query }: World, saleId: string): Promise<ProviderPayment[]> {
  const rows = await query<Record<string, string>>(
    `SELECT payment_id, order_id, sandbox_payments.status, amount_minor, captured_minor, refunded_minor
     FROM sandbox_payments JOIN orders ON orders.id = order_id WHERE sale_id = $1`,
    [saleId],
  );
  return rows.map((row) => ({
    paymentId: String(row['payment_id']),
    orderId: String(row['order_id']),
    status: String(row['status']),
    amountMinor: Number(row['amount_minor']),
    capturedMinor: Number(row['captured_minor']),
    refundedMinor: Number(row['refunded_minor']),
  }));
}

function describeDelivery({ headers, body, atMs }: ReceivedRequest, saleId: string): DeliveryRecord | undefined {
  const { type, data } = JSON.parse(body);
  if (data?.order?.saleId !== saleId) return undefined;
  return {
    operation: 'delivery',
    receivedAtMs: atMs,
    eventId: headers['webhook-id'] ?? '',
    type,
    orderId: data.order.id,
    version: data.version,
    status: data.order.status,
  };
}
