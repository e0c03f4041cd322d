import type { LineFacts, NewJob, OrderFacts, Stepped } from '../domain/order-facts.ts';
import type { OrderActor } from '../domain/order-transitions.ts';
import { arrayLiteral } from './array-literal.ts';
import { RESOLVE_LETTERS_OF_ENDED } from './dead-letters.ts';
import { type Queryable, statement } from './statement.ts';

/** The constraint that a second step under one key violates. */
export const ORDER_STEPPED_ONCE = 'order_events_stepped_once';

/** One step of an order as it is written. */
export interface WrittenStep {
  readonly before: OrderFacts;
  readonly step: Stepped;
  readonly occurredAt: Date;
  /** Null: the engine itself. */
  readonly actorId: string | null;
  readonly actorRole: OrderActor | null;
  readonly requestId: string | null;
  /** The W3C traceparent of the request, where it was sampled. */
  readonly traceParent: string | null;
  /** Only the step that a request opens carries its key. */
  readonly key: { readonly operation: string; readonly idempotencyKey: string; readonly fingerprint: string } | null;
}

// The one place that raises an order's version, with the check of the version before: a compare-and-swap.
const stepOrders = statement<{ id: string }>(
  'step_orders',
  `UPDATE orders
   SET status = step.status, version = step.version, pay_by = step.pay_by, settle_by = step.settle_by,
       accept_by = step.accept_by, hold_extended = step.hold_extended
   FROM unnest($1::uuid[], $2::int[], $3::int[], $4::order_status[], $5::timestamptz[], $6::timestamptz[],
               $7::timestamptz[], $8::bool[])
     AS step (id, version_before, version, status, pay_by, settle_by, accept_by, hold_extended)
   WHERE orders.id = step.id AND orders.version = step.version_before
   RETURNING orders.id`,
);

// The history, one row for each version. It is the outbox, too.
const insertEvents = statement(
  'insert_order_events',
  `INSERT INTO order_events (order_id, version, type, status, pay_by, accept_by, occurred_at, actor_id, actor_role,
                             request_id, cause, operation, idempotency_key, fingerprint, details, trace_parent)
   SELECT order_id, version, type, status, pay_by, accept_by, occurred_at, actor_id, actor_role, request_id, cause,
          operation, idempotency_key, decode(fingerprint, 'hex'), details, trace_parent
   FROM unnest($1::uuid[], $2::int[], $3::text[], $4::order_status[], $5::timestamptz[], $6::timestamptz[],
               $7::timestamptz[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
               $14::text[], $15::json[], $16::text[])
     AS event (order_id, version, type, status, pay_by, accept_by, occurred_at, actor_id, actor_role, request_id,
               cause, operation, idempotency_key, fingerprint, details, trace_parent)`,
);

const updateLines = statement(
  'update_order_lines',
  `UPDATE order_lines
   SET held = moved.held, sold = moved.sold, returned = moved.returned, refunded = moved.refunded
   FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::int[], $6::int[])
     AS moved (order_id, item_id, held, sold, returned, refunded)
   WHERE order_lines.order_id = moved.order_id AND order_lines.item_id = moved.item_id`,
);

// After the orders, by id: the order of locks that everybody keeps.
const lockMovedItems = statement(
  'lock_moved_items',
  'SELECT id FROM items WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE',
);

// Items follow their lines. What is available takes up the difference, and the conservation CHECK has the last word.
const moveItems = statement(
  'move_item_stock',
  `UPDATE items
   SET available = available - moved.held - moved.sold, held = items.held + moved.held, sold = items.sold + moved.sold,
       version = version + 1
   FROM unnest($1::uuid[], $2::int[], $3::int[]) AS moved (item_id, held, sold)
   WHERE items.id = moved.item_id`,
);

// Customers' units follow the lines, too; they are counted only while the item has a limit. Whoever changes them holds
// the item's lock. Sorted, like every insert that may meet another. Lowered by an update: PostgreSQL checks the row of
// an upsert before it looks for a conflict, and less than nothing fails.
const moveUnits = statement(
  'move_customer_units',
  `WITH moved AS (
     SELECT moved.item_id, moved.customer_id, moved.units
     FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS moved (item_id, customer_id, units)
     JOIN items ON items.id = moved.item_id AND items.limit_per_customer IS NOT NULL
   ), lowered AS (
     UPDATE customer_units SET units = customer_units.units + moved.units
     FROM moved
     WHERE moved.units < 0 AND customer_units.item_id = moved.item_id
       AND customer_units.customer_id = moved.customer_id
   )
   INSERT INTO customer_units (item_id, customer_id, units)
   SELECT item_id, customer_id, units FROM moved WHERE units > 0 ORDER BY item_id, customer_id
   ON CONFLICT (item_id, customer_id) DO UPDATE SET units = customer_units.units + excluded.units`,
);

const writePayments = statement(
  'write_payments',
  `INSERT INTO payments (id, order_id, provider, provider_ref, status, capture, currency, amount_minor, captured_minor,
                         next_action_url, decline_code, answer_status, answer_version, created_at, settled_at)
   SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::payment_status[], $6::text[], $7::text[],
                        $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::smallint[], $13::int[],
                        $14::timestamptz[], $15::timestamptz[])
   ON CONFLICT (id) DO UPDATE
   SET provider_ref = coalesce(excluded.provider_ref, payments.provider_ref), status = excluded.status,
       captured_minor = excluded.captured_minor, next_action_url = excluded.next_action_url,
       decline_code = excluded.decline_code, answer_status = coalesce(payments.answer_status, excluded.answer_status),
       answer_version = coalesce(payments.answer_version, excluded.answer_version), settled_at = excluded.settled_at`,
);

const writeRefunds = statement(
  'write_refunds',
  `INSERT INTO refunds (id, order_id, payment_id, provider_ref, status, amount_minor, cause, reason, lines, created_at,
                        settled_at)
   SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::refund_status[], $6::bigint[], $7::text[],
                        $8::text[], $9::json[], $10::timestamptz[], $11::timestamptz[])
   ON CONFLICT (id) DO UPDATE
   SET provider_ref = coalesce(excluded.provider_ref, refunds.provider_ref), status = excluded.status,
       settled_at = excluded.settled_at`,
);

const insertRetained = statement(
  'insert_retained_amounts',
  `INSERT INTO retained_amounts (order_id, version, amount_minor, reason)
   SELECT * FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::text[])`,
);

// Due jobs that a step leaves nothing to do for. Before the new ones are written, so that they are not meant.
const endJobs = statement(
  'end_payment_jobs',
  `WITH ended AS (
     UPDATE payment_jobs SET status = 'done', ended_at = clock_timestamp()
     FROM unnest($1::uuid[], $2::payment_job_kind[]) AS moot (payment_id, kind)
     WHERE payment_jobs.payment_id = moot.payment_id AND payment_jobs.kind = moot.kind AND payment_jobs.status = 'due'
     RETURNING payment_jobs.id
   )${RESOLVE_LETTERS_OF_ENDED}`,
);

const insertJobs = statement(
  'insert_payment_jobs',
  `INSERT INTO payment_jobs (id, kind, order_id, payment_id, refund_id, status, run_at, created_at)
   SELECT id, kind, order_id, payment_id, refund_id, 'due', run_at, created_at
   FROM unnest($1::uuid[], $2::payment_job_kind[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[],
               $7::timestamptz[])
     AS job (id, kind, order_id, payment_id, refund_id, run_at, created_at)`,
);

/**
 * Writes steps that were decided under their orders' row locks: the orders, their history, and whatever the steps did
 * to stock and money. Several steps of one order come one after the other. Issues all statements before the first
 * wait, so that a pipelining connection sends them together.
 */
export async function writeSteps(db: Queryable, steps: readonly WrittenStep[], newId: () => string): Promise<void> {
  if (steps.length === 0) return;
  const changes = changedOrders(steps);
  const [swapped] = await Promise.all([
    writeOrders(db, changes),
    writeEvents(db, steps),
    writeStock(db, changes),
    writeMoney(db, changes),
    writeRetained(db, steps),
    writeJobs(db, steps, newId),
  ]);
  if (swapped !== changes.length) throw new Error('An order was changed by somebody who did not hold its lock.');
}

/** An order before the first and after the last of its steps. */
interface Change {
  readonly before: OrderFacts;
  readonly after: OrderFacts;
}

function changedOrders(steps: readonly WrittenStep[]): Change[] {
  const changes = new Map<string, Change>();
  for (const { before, step } of steps) {
    changes.set(before.id, { before: changes.get(before.id)?.before ?? before, after: step.order });
  }
  return [...changes.values()].sort((a, b) => (a.before.id < b.before.id ? -1 : 1));
}

async function writeOrders(db: Queryable, changes: readonly Change[]): Promise<number> {
  const rows = await db.query(stepOrders, [
    arrayLiteral(changes.map(({ before }) => before.id)),
    arrayLiteral(changes.map(({ before }) => before.version)),
    arrayLiteral(changes.map(({ after }) => after.version)),
    arrayLiteral(changes.map(({ after }) => after.status)),
    arrayLiteral(changes.map(({ after }) => timeText(after.payBy))),
    arrayLiteral(changes.map(({ after }) => timeText(after.settleBy))),
    arrayLiteral(changes.map(({ after }) => timeText(after.acceptBy))),
    arrayLiteral(changes.map(({ after }) => (after.holdExtended ? 't' : 'f'))),
  ]);
  return rows.length;
}

async function writeEvents(db: Queryable, steps: readonly WrittenStep[]): Promise<void> {
  await db.query(insertEvents, [
    arrayLiteral(steps.map(({ before }) => before.id)),
    arrayLiteral(steps.map(({ step }) => step.order.version)),
    steps.map(({ step }) => step.type),
    arrayLiteral(steps.map(({ step }) => step.order.status)),
    arrayLiteral(steps.map(({ step }) => timeText(step.order.payBy))),
    arrayLiteral(steps.map(({ step }) => timeText(step.order.acceptBy))),
    arrayLiteral(steps.map(({ occurredAt }) => timeText(occurredAt))),
    arrayLiteral(steps.map(({ actorId }) => actorId ?? 'NULL')),
    steps.map(({ actorRole }) => actorRole),
    steps.map(({ requestId }) => requestId),
    steps.map(({ step }) => step.cause),
    steps.map(({ key }) => key?.operation ?? null),
    steps.map(({ key }) => key?.idempotencyKey ?? null),
    steps.map(({ key }) => key?.fingerprint ?? null),
    steps.map(({ step }) => (Object.keys(step.details).length === 0 ? null : JSON.stringify(step.details))),
    // Seldom any: unnest makes NULLs of what is missing, and nothing is sent.
    steps.some(({ traceParent }) => traceParent !== null) ? steps.map(({ traceParent }) => traceParent) : null,
  ]);
}

interface MovedLine {
  readonly orderId: string;
  readonly customerId: string;
  readonly line: LineFacts;
  /** What the line gained of the item's stock. */
  readonly held: number;
  readonly sold: number;
}

function movedLines(changes: readonly Change[]): MovedLine[] {
  return changes.flatMap(({ before, after }) =>
    after.lines.flatMap((line, index) => {
      const was = before.lines[index];
      if (was === undefined || was === line) return [];
      return [
        {
          orderId: before.id,
          customerId: before.customerId,
          line,
          held: line.held - was.held,
          sold: line.sold - was.sold,
        },
      ];
    }),
  );
}

async function writeStock(db: Queryable, changes: readonly Change[]): Promise<void> {
  const moved = movedLines(changes);
  if (moved.length === 0) return;
  const items = new Map<string, { held: number; sold: number }>();
  const units = new Map<string, { itemId: string; customerId: string; units: number }>();
  for (const { line, customerId, held, sold } of moved) {
    if (held === 0 && sold === 0) continue;
    const item = items.get(line.itemId) ?? { held: 0, sold: 0 };
    items.set(line.itemId, { held: item.held + held, sold: item.sold + sold });
    const key = `${line.itemId}/${customerId}`;
    const counted = units.get(key)?.units ?? 0;
    units.set(key, { itemId: line.itemId, customerId, units: counted + held + sold });
  }
  const counted = [...units.values()].filter((each) => each.units !== 0);
  await Promise.all([
    db.query(updateLines, [
      arrayLiteral(moved.map(({ orderId }) => orderId)),
      arrayLiteral(moved.map(({ line }) => line.itemId)),
      arrayLiteral(moved.map(({ line }) => line.held)),
      arrayLiteral(moved.map(({ line }) => line.sold)),
      arrayLiteral(moved.map(({ line }) => line.returned)),
      arrayLiteral(moved.map(({ line }) => line.refunded)),
    ]),
    items.size === 0 ? undefined : db.query(lockMovedItems, [arrayLiteral([...items.keys()])]),
    items.size === 0
      ? undefined
      : db.query(moveItems, [
          arrayLiteral([...items.keys()]),
          arrayLiteral([...items.values()].map(({ held }) => held)),
          arrayLiteral([...items.values()].map(({ sold }) => sold)),
        ]),
    counted.length === 0
      ? undefined
      : db.query(moveUnits, [
          arrayLiteral(counted.map(({ itemId }) => itemId)),
          arrayLiteral(counted.map(({ customerId }) => customerId)),
          arrayLiteral(counted.map((each) => each.units)),
        ]),
  ]);
}

async function writeMoney(db: Queryable, changes: readonly Change[]): Promise<void> {
  const payments = changes.flatMap(({ before, after }) => changed(before.payments, after.payments));
  const refunds = changes.flatMap(({ before, after }) => changed(before.refunds, after.refunds));
  await Promise.all([
    payments.length === 0
      ? undefined
      : db.query(writePayments, [
          arrayLiteral(payments.map(({ id }) => id)),
          arrayLiteral(payments.map(({ orderId }) => orderId)),
          payments.map(({ provider }) => provider),
          payments.map(({ providerRef }) => providerRef),
          payments.map(({ status }) => status),
          payments.map(({ capture }) => capture),
          payments.map(({ currency }) => currency),
          payments.map(({ amountMinor }) => amountMinor),
          payments.map(({ capturedMinor }) => capturedMinor),
          payments.map(({ nextActionUrl }) => nextActionUrl),
          payments.map(({ declineCode }) => declineCode),
          payments.map(({ answer }) => answer?.status ?? null),
          payments.map(({ answer }) => answer?.version ?? null),
          payments.map(({ createdAt }) => createdAt),
          payments.map(({ settledAt }) => settledAt),
        ]),
    refunds.length === 0
      ? undefined
      : db.query(writeRefunds, [
          arrayLiteral(refunds.map(({ id }) => id)),
          arrayLiteral(refunds.map(({ orderId }) => orderId)),
          arrayLiteral(refunds.map(({ paymentId }) => paymentId)),
          refunds.map(({ providerRef }) => providerRef),
          refunds.map(({ status }) => status),
          refunds.map(({ amountMinor }) => amountMinor),
          refunds.map(({ cause }) => cause),
          refunds.map(({ reason }) => reason),
          refunds.map(({ lines }) => JSON.stringify(lines)),
          refunds.map(({ createdAt }) => createdAt),
          refunds.map(({ settledAt }) => settledAt),
        ]),
  ]);
}

/** Rows that are new or not the same object any more. */
function changed<Row extends { readonly id: string }>(before: readonly Row[], after: readonly Row[]): Row[] {
  const known = new Map(before.map((row) => [row.id, row]));
  return after.filter((row) => known.get(row.id) !== row);
}

async function writeRetained(db: Queryable, steps: readonly WrittenStep[]): Promise<void> {
  const retained = steps.flatMap(({ step }) =>
    step.retained === null ? [] : [{ ...step.retained, order: step.order }],
  );
  if (retained.length === 0) return;
  await db.query(insertRetained, [
    arrayLiteral(retained.map(({ order }) => order.id)),
    arrayLiteral(retained.map(({ order }) => order.version)),
    arrayLiteral(retained.map(({ amountMinor }) => amountMinor)),
    retained.map(({ reason }) => reason),
  ]);
}

async function writeJobs(db: Queryable, steps: readonly WrittenStep[], newId: () => string): Promise<void> {
  const ended = steps.flatMap(({ step }) => step.endedJobs);
  const made = steps.flatMap(({ step, occurredAt }, index) =>
    step.jobs
      .filter((job) => !endedLater(job, steps.slice(index + 1)))
      .map((job) => ({
        ...job,
        orderId: step.order.id,
        createdAt: occurredAt,
        runAt: new Date(occurredAt.getTime() + job.delayMs),
      })),
  );
  await Promise.all([
    ended.length === 0
      ? undefined
      : db.query(endJobs, [
          arrayLiteral(ended.map(({ paymentId }) => paymentId)),
          arrayLiteral(ended.map(({ kind }) => kind)),
        ]),
    made.length === 0
      ? undefined
      : db.query(insertJobs, [
          arrayLiteral(made.map(newId)),
          arrayLiteral(made.map(({ kind }) => kind)),
          arrayLiteral(made.map(({ orderId }) => orderId)),
          arrayLiteral(made.map(({ paymentId }) => paymentId)),
          arrayLiteral(made.map(({ refundId }) => refundId ?? 'NULL')),
          arrayLiteral(made.map(({ runAt }) => timeText(runAt))),
          arrayLiteral(made.map(({ createdAt }) => timeText(createdAt))),
        ]),
  ]);
}

/** A job that a later step of the same batch leaves nothing to do for is never written. */
function endedLater(job: NewJob, later: readonly WrittenStep[]): boolean {
  return later.some(({ step }) =>
    step.endedJobs.some(({ kind, paymentId }) => kind === job.kind && paymentId === job.paymentId),
  );
}

function timeText(time: Date | null): string {
  return time?.toISOString() ?? 'NULL';
}
