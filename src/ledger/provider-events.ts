import { type Queryable, statement } from './statement.ts';

const insertEvent = statement<{ event_id: string }>(
  'insert_provider_event',
  `INSERT INTO provider_events (provider, event_id, type, payment_id, parked)
   VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT DO NOTHING
   RETURNING event_id`,
);

/** Keeps a provider's event. False when it has been kept before: providers deliver more than once. */
export async function keepProviderEvent(
  db: Queryable,
  event: { provider: string; eventId: string; type: string; paymentId: string | null; parked: boolean },
): Promise<boolean> {
  const { provider, eventId, type, paymentId, parked } = event;
  const rows = await db.query(insertEvent, [provider, eventId, type, paymentId, parked]);
  return rows.length > 0;
}

const unpark = statement<{ payment_id: string }>(
  'unpark_provider_events',
  `UPDATE provider_events SET parked = false
   FROM payments
   WHERE provider_events.parked AND provider_events.received_at > now() - interval '1 hour'
     AND payments.id = provider_events.payment_id
   RETURNING payment_id`,
);

/** Payments that events parked within the last hour are about and that are there by now. */
export async function unparkEvents(db: Queryable): Promise<string[]> {
  const rows = await db.query(unpark);
  return rows.map((row) => row.payment_id);
}

const forget = statement(
  'forget_provider_events',
  `DELETE FROM provider_events WHERE (provider, event_id) IN (
     SELECT provider, event_id FROM provider_events
     WHERE received_at < now() - $1 * interval '1 second' ORDER BY received_at LIMIT 1000)`,
);

/** Forgets events older than a provider would ever repeat. */
export async function forgetEvents(db: Queryable, olderThanSeconds: number): Promise<void> {
  await db.query(forget, [olderThanSeconds]);
}
