import type { onRequestHookHandler } from 'fastify';
import { type Static, Type } from 'typebox';
import { type AuditEntry, listAuditLog } from '../../../ledger/audit-log.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { Uuid } from '../../uuid.ts';
import { Moment } from '../sales/sale-fields.ts';

const Timestamp = Type.String({ format: 'date-time' });

const AuditEntryResource = Type.Object(
  {
    id: Uuid,
    occurredAt: Timestamp,
    actorId: Type.Union([Uuid, Type.Null()], {
      description: 'An account, or the merchant whose API key it was (see details); null: the engine itself.',
    }),
    action: Type.String({ description: "The operation's id in this description." }),
    target: Type.String({ description: 'The address of what was made or changed.' }),
    merchantId: Type.Union([Uuid, Type.Null()]),
    details: Type.Object({}, { additionalProperties: true }),
    requestId: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'AuditEntry', title: 'AuditEntry' },
);

function toAuditEntryResource({ occurredAt, details, ...rest }: AuditEntry): Static<typeof AuditEntryResource> {
  return { ...rest, occurredAt: occurredAt.toISOString(), details: details as object };
}

const asDate = (text: string | undefined) => (text === undefined ? undefined : new Date(text));

/** `GET /api/v1/admin/audit-log` */
export function listAuditLogRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/admin/audit-log',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listAuditLog',
        tags: ['admin'],
        summary: 'List who changed what',
        description:
          'Operators only, newest first. What happens to orders stands in their own history instead, and is not repeated here.',
        querystring: Type.Object(
          {
            actorId: Type.Optional(Uuid),
            action: Type.Optional(Type.String({ maxLength: 100, pattern: '^[^\\u0000]*$' })),
            target: Type.Optional(Type.String({ maxLength: 500, pattern: '^[^\\u0000]*$' })),
            from: Type.Optional({ ...Moment, description: 'Included.' }),
            to: Type.Optional({ ...Moment, description: 'Not included.' }),
            ...PAGE_QUERY,
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ data: Type.Array(AuditEntryResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      requireOperator(callerOf(request));
      const { cursor, limit, actorId, action, target, from, to } = request.query;
      const filter = { actorId: actorId?.toLowerCase(), action, target, from: asDate(from), to: asDate(to) };
      const entries = await listAuditLog(options.database, filter, decodeIdCursor(cursor), limit + 1);
      return pageOf(entries, limit, toAuditEntryResource, ({ id }) => ({ id }));
    },
  );
}
