import { randomUUIDv7 } from 'node:crypto';
import { ID_MAX } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

/** Who changed what. Never with a secret or a text about a person. */
export interface AuditRecord {
  /** Null: the engine itself. */
  readonly actorId: string | null;
  /** The operation's id in the API's description. */
  readonly action: string;
  /** The address of what was made or changed. */
  readonly target: string;
  readonly merchantId: string | null;
  readonly details: unknown;
  readonly requestId: string | null;
}

export interface AuditEntry extends AuditRecord {
  readonly id: string;
  readonly occurredAt: Date;
}

const insert = statement(
  'insert_audit_record',
  `INSERT INTO audit_log (id, actor_id, action, target, merchant_id, details, request_id)
   VALUES ($1, $2, $3, $4, $5, $6, $7)`,
);

/** Keeps who changed what. Call it in the transaction of the change, so that neither is there without the other. */
export async function recordAudit(db: Queryable, record: AuditRecord): Promise<void> {
  const { actorId, action, target, merchantId, details, requestId } = record;
  const json = JSON.stringify(details ?? {});
  await db.query(insert, [randomUUIDv7(), actorId, action, target, merchantId, json, requestId]);
}

interface AuditRow {
  id: string;
  occurred_at: Date;
  actor_id: string | null;
  action: string;
  target: string;
  merchant_id: string | null;
  details: unknown;
  request_id: string | null;
}

/** Which entries are meant; what is left out is not asked for. */
export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  /** From then on, and before then. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

// Ids are made in time order, so that newest first is by id; two in one millisecond have one all the same.
const list = statement<AuditRow>(
  'list_audit_log',
  `SELECT id, occurred_at, actor_id, action, target, merchant_id, details, request_id FROM audit_log
   WHERE id < $1 AND ($3::uuid IS NULL OR actor_id = $3) AND ($4::text IS NULL OR action = $4)
     AND ($5::text IS NULL OR target = $5) AND ($6::timestamptz IS NULL OR occurred_at >= $6)
     AND ($7::timestamptz IS NULL OR occurred_at < $7)
   ORDER BY id DESC LIMIT $2`,
);

/** Entries of the audit log, newest first, before an id. */
export async function listAuditLog(
  db: Queryable,
  filter: AuditFilter,
  beforeId: string | undefined,
  limit: number,
): Promise<AuditEntry[]> {
  const { actorId, action, target, from, to } = filter;
  const rows = await db.query(list, [beforeId ?? ID_MAX, limit, actorId, action, target, from, to]);
  return rows.map((row) => ({
    id: row.id,
    occurredAt: row.occurred_at,
    actorId: row.actor_id,
    action: row.action,
    target: row.target,
    merchantId: row.merchant_id,
    details: row.details,
    requestId: row.request_id,
  }));
}
