import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { listMembers } from '../../../ledger/members.ts';
import type { App } from '../../app.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { Uuid } from '../../uuid.ts';
import { MemberResource, toMemberResource } from './member-resource.ts';
import { requireManagerOf } from './merchant-managers.ts';

/** `GET /api/v1/merchants/{merchantId}/members` */
export function listMembersRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.get(
    '/api/v1/merchants/:merchantId/members',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listMembers',
        tags: ['merchants'],
        summary: "List a merchant's staff and couriers",
        description: "Operators and the merchant's staff.",
        params: Type.Object({ merchantId: Uuid }),
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: { 200: Type.Object({ data: Type.Array(MemberResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      const merchantId = request.params.merchantId.toLowerCase();
      const { cursor, limit } = request.query;
      await requireManagerOf(options.database, request, merchantId);
      const members = await listMembers(options.database, merchantId, decodeIdCursor(cursor), limit + 1);
      return pageOf(members, limit, toMemberResource, ({ accountId }) => ({ id: accountId }));
    },
  );
}
