import type { StepDetails } from '../domain/order-facts.ts';
import { type Queryable, statement } from './statement.ts';

const readStep = statement<{
  details: StepDetails | null;
  request_id: string | null;
  trace_parent: string | null;
  occurred_at: Date;
}>(
  'read_order_step',
  'SELECT details, request_id, trace_parent, occurred_at FROM order_events WHERE order_id = $1 AND version = $2',
);

/** What one step of an order told of itself, and the request that made it. */
export async function findStep(
  db: Queryable,
  orderId: string,
  version: number,
): Promise<
  | {
      readonly details: StepDetails;
      readonly requestId: string | null;
      readonly traceParent: string | null;
      readonly occurredAt: Date;
    }
  | undefined
> {
  const [row] = await db.query(readStep, [orderId, version]);
  return (
    row && {
      details: row.details ?? {},
      requestId: row.request_id,
      traceParent: row.trace_parent,
      occurredAt: row.occurred_at,
    }
  );
}
