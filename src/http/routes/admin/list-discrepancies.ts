import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { type KnownDiscrepancy, listDiscrepancies } from '../../../ledger/payment-discrepancies.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { decodeCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { Uuid } from '../../uuid.ts';

const Timestamp = Type.String({ format: 'date-time' });
const TextOrNull = Type.Union([Type.String(), Type.Null()]);

const DiscrepancyResource = Type.Object(
  {
    provider: Type.String(),
    subject: Type.String({
      description: "The provider's id of the payment; the ledger's where the provider has none.",
    }),
    kind: Type.Enum(['unknown_payment', 'missing_payment', 'amount', 'status', 'captured', 'refunded']),
    orderId: Type.Union([Uuid, Type.Null()]),
    paymentId: Type.Union([Uuid, Type.Null()]),
    ledgerSays: TextOrNull,
    providerSays: TextOrNull,
    firstSeenAt: Timestamp,
    lastSeenAt: Timestamp,
  },
  { $id: 'PaymentDiscrepancy', title: 'PaymentDiscrepancy' },
);

function toResource({ firstSeenAt, lastSeenAt, ...rest }: KnownDiscrepancy) {
  return { ...rest, firstSeenAt: firstSeenAt.toISOString(), lastSeenAt: lastSeenAt.toISOString() };
}

/** `GET /api/v1/admin/payment-discrepancies` */
export function listDiscrepanciesRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/admin/payment-discrepancies',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listPaymentDiscrepancies',
        tags: ['admin'],
        summary: "List where the provider's books and the ledger differ",
        description:
          'Operators. The books of the last three days are compared all the time; an entry goes when they agree.',
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: { 200: Type.Object({ data: Type.Array(DiscrepancyResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      requireOperator(callerOf(request));
      const { cursor, limit } = request.query;
      const position = decodeCursor(cursor);
      const after = {
        provider: String(position?.['provider'] ?? ''),
        subject: String(position?.['subject'] ?? ''),
        kind: String(position?.['kind'] ?? ''),
      };
      const rows = await listDiscrepancies(options.database, after, limit + 1);
      return pageOf(rows, limit, toResource, ({ provider, subject, kind }) => ({ provider, subject, kind }));
    },
  );
}
