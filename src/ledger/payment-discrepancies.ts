import { type Queryable, statement } from './statement.ts';

/** How the provider's books and the ledger differ about one payment. */
export type DiscrepancyKind =
  /** The provider has money for a payment that the ledger does not know. */
  | 'unknown_payment'
  /** The ledger has money that the provider does not know. */
  | 'missing_payment'
  /** Both know it, and differ in this. */
  | 'amount'
  | 'status'
  | 'captured'
  | 'refunded';

export interface Discrepancy {
  readonly provider: string;
  /** The provider's id of the payment, or the ledger's where the provider has none. */
  readonly subject: string;
  readonly kind: DiscrepancyKind;
  readonly orderId: string | null;
  readonly paymentId: string | null;
  readonly ledgerSays: string | null;
  readonly providerSays: string | null;
}

export interface KnownDiscrepancy extends Discrepancy {
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

const keep = statement(
  'keep_payment_discrepancy',
  `INSERT INTO payment_discrepancies (provider, subject, kind, order_id, payment_id, ledger_says, provider_says,
                                      first_seen_at, last_seen_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
   ON CONFLICT (provider, subject, kind) DO UPDATE
   SET ledger_says = excluded.ledger_says, provider_says = excluded.provider_says, 
       last_seen_at = greatest(payment_discrepancies.last_seen_at, excluded.last_seen_at)`,
);

/** Keeps a difference that a comparison of books has found at `seenAt`. */
export async function keepDiscrepancy(db: Queryable, found: Discrepancy, seenAt: Date): Promise<void> {
  const { provider, subject, kind, orderId, paymentId, ledgerSays, providerSays } = found;
  await db.query(keep, [provider, subject, kind, orderId, paymentId, ledgerSays, providerSays, seenAt]);
}

const listOlder = statement<{ subject: string; payment_id: string | null }>(
  'list_unseen_discrepancies',
  `SELECT DISTINCT subject, payment_id FROM payment_discrepancies WHERE provider = $1 AND last_seen_at < $2`,
);

/** Payments about which differences were known that a comparison begun at `comparedAt` has not found again. */
export async function listUnseenDiscrepancies(
  db: Queryable,
  provider: string,
  comparedAt: Date,
): Promise<{ subject: string; paymentId: string | null }[]> {
  const rows = await db.query(listOlder, [provider, comparedAt]);
  return rows.map(({ subject, payment_id }) => ({ subject, paymentId: payment_id }));
}

const forget = statement(
  'forget_payment_discrepancies',
  'DELETE FROM payment_discrepancies WHERE provider = $1 AND subject = $2 AND last_seen_at < $3',
);

/** Forgets the differences about one payment that have not been seen since `comparedAt`. */
export async function forgetDiscrepancies(
  db: Queryable,
  provider: string,
  subject: string,
  comparedAt: Date,
): Promise<void> {
  await db.query(forget, [provider, subject, comparedAt]);
}

interface DiscrepancyRow {
  provider: string;
  subject: string;
  kind: DiscrepancyKind;
  order_id: string | null;
  payment_id: string | null;
  ledger_says: string | null;
  provider_says: string | null;
  first_seen_at: Date;
  last_seen_at: Date;
}

const list = statement<DiscrepancyRow>(
  'list_payment_discrepancies',
  `SELECT * FROM payment_discrepancies WHERE (provider, subject, kind) > ($1, $2, $3)
   ORDER BY provider, subject, kind LIMIT $4`,
);

/** Where the books differ now, a page at a time. */
export async function listDiscrepancies(
  db: Queryable,
  after: Pick<Discrepancy, 'provider' | 'subject'> & { readonly kind: string },
  limit: number,
): Promise<KnownDiscrepancy[]> {
  const rows = await db.query(list, [after.provider, after.subject, after.kind, limit]);
  return rows.map((row) => ({
    provider: row.provider,
    subject: row.subject,
    kind: row.kind,
    orderId: row.order_id,
    paymentId: row.payment_id,
    ledgerSays: row.ledger_says,
    providerSays: row.provider_says,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
  }));
}
