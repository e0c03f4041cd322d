import { queryOnce } from './query-once.ts';
import type { OpenSale } from './sales.ts';

/** What the stored orders are: paid ones have their history and payment behind them. */
export type StoredOrders = 'pending' | 'paid';

/** Ids are numbers, so that the client's scripts know them (load/stored-orders.lua). */
const idOf = (kind: string, number: string) => `('${kind}-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;
const orderId = idOf('0197a1de', 'n');
const paymentId = idOf('0197a1df', 'n');

/**
 * Puts so many orders of one unit into the ledger, by SQL, as if the sale's buyers had placed them one after the other,
 * a thousand a second until now: all tables hold what the engine would have written, and all counts are right. Past a
 * few million that takes minutes.
 *
 * Triggers and foreign keys are off meanwhile: nobody need be told, and all ids are taken from what is there.
 */
export async function fillLedger(
  databaseUrl: string,
  sale: OpenSale,
  count: number,
  kind: StoredOrders = 'pending',
): Promise<void> {
  const paid = kind === 'paid';
  const itemId = sale.itemIds[0] ?? '';
  const customers = `(ARRAY['${sale.buyerIds.join("','")}']::uuid[])`;
  const status = paid ? 'confirmed' : 'pending_payment';
  await queryOnce(
    databaseUrl,
    `SET session_replication_role = replica;
     SET synchronous_commit = off;
     CREATE TEMPORARY TABLE stored AS
       SELECT n, ${orderId} AS id, ${customers}[(n - 1) % ${sale.buyerIds.length} + 1] AS customer_id,
              date_trunc('milliseconds', now()) - (${count} - n) * interval '1 millisecond' AS placed_at
       FROM generate_series(1, ${count}) AS n;
     INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, pay_by, arrival, total_minor, version, status,
                         fingerprint, idempotency_key)
       SELECT id, '${sale.id}', customer_id, customer_id, placed_at,
              ${paid ? 'NULL' : "placed_at + interval '12 hours'"}, n, 4900,
              ${paid ? 3 : 1}, '${status}', sha256(id::text::bytea), 'stored-' || n
       FROM stored ORDER BY n;
     INSERT INTO order_lines (order_id, item_id, unit_price_minor, position, quantity, held, sold, name)
       SELECT id, '${itemId}', 4900, 0, 1, ${paid ? '0, 1' : '1, 0'}, 'Hot item 1' FROM stored ORDER BY n;
     INSERT INTO order_events (order_id, version, type, status, pay_by, occurred_at, actor_id, request_id)
       SELECT id, 1, 'order.placed', 'pending_payment', placed_at + interval '12 hours', placed_at, customer_id, id::text
       FROM stored ORDER BY n;
     ${paid ? insertPayments : ''}
     UPDATE items SET available = available - ${count}, ${paid ? 'sold = sold' : 'held = held'} + ${count},
                      version = version + 1
       WHERE id = '${itemId}';
     UPDATE sales SET last_arrival = ${count} WHERE id = '${sale.id}';
     INSERT INTO sale_order_counts VALUES ('${sale.id}', '${status}', ${count});
     INSERT INTO sale_order_rates
       SELECT '${sale.id}', date_trunc('second', placed_at), count(*) FROM stored GROUP BY 2;`,
  );
  await queryOnce(databaseUrl, 'VACUUM (ANALYZE)');
}

/** A payment as a step tells of it. */
const snapshot = (status: string, capturedMinor: number, settledAt: string) =>
  `json_build_object('id', ${paymentId}, 'provider', 'sandbox', 'status', '${status}', 'currency', 'EUR',
     'amountMinor', 4900, 'capturedMinor', ${capturedMinor}, 'nextActionUrl', null, 'declineCode', null,
     'createdAt', placed_at, 'settledAt', ${settledAt})`;

/** Each order paid at once, by the sandbox: two versions more, the payment with its job, and the sandbox's own books. */
const insertPayments = `
  INSERT INTO order_events (order_id, version, type, status, pay_by, occurred_at, actor_id, actor_role, request_id, cause,
                            operation, idempotency_key, fingerprint, details)
    SELECT id, 2, 'order.payment_started', 'payment_processing', placed_at + interval '12 hours', placed_at, customer_id,
           'owner', id::text, 'payment', 'payment', 'paid-' || n, sha256(id::text::bytea),
           json_build_object('payment', ${snapshot('processing', 0, 'null')})
    FROM stored ORDER BY n;
  INSERT INTO order_events (order_id, version, type, status, occurred_at, actor_role, request_id, cause, details)
    SELECT id, 3, 'order.paid', 'confirmed', placed_at, 'system', id::text, 'payment-succeeded',
           json_build_object('payment', ${snapshot('captured', 4900, 'placed_at')})
    FROM stored ORDER BY n;
  INSERT INTO payments (id, order_id, provider, provider_ref, status, capture, currency, amount_minor, captured_minor,
                        answer_status, answer_version, created_at, settled_at)
    SELECT ${paymentId}, id, 'sandbox', 'sandbox_' || ${paymentId}, 'captured', 'automatic', 'EUR', 4900, 4900,
           200, 3, placed_at, placed_at
    FROM stored ORDER BY n;
  INSERT INTO payment_jobs (id, kind, order_id, payment_id, status, run_at, created_at, ended_at)
    SELECT ${idOf('0197a1e0', 'n')}, 'settle', id, ${paymentId}, 'done', placed_at + interval '30 seconds', placed_at, placed_at
    FROM stored ORDER BY n;
  INSERT INTO sandbox_payments (payment_id, provider_ref, order_id, payment_method, status, capture, currency,
                                amount_minor, captured_minor, created_at)
    SELECT ${paymentId}, 'sandbox_' || ${paymentId}, id, 'card_ok', 'captured', 'automatic', 'EUR', 4900, 4900, placed_at
    FROM stored ORDER BY n;`;
