import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { changeItem } from '../../../actions/change-item.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { auditRecordOf, memberNames } from '../../audit.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { itemOf } from './item-of.ts';
import { LimitPerCustomer, Name, PriceMinor } from './sale-fields.ts';
import { ItemResource, toItemResource } from './sale-resource.ts';
import { requireSaleStaff } from './sale-staff.ts';
import { requireSameDefinition, saleTag } from './sale-tag.ts';

const ChangeItemBody = Type.Object(
  {
    name: Type.Optional(Name),
    priceMinor: Type.Optional(PriceMinor),
    limitPerCustomer: Type.Optional(LimitPerCustomer),
  },
  { additionalProperties: false, minProperties: 1, description: 'What is left out stays as it is.' },
);

/** `PATCH /api/v1/sales/{saleId}/items/{itemId}` */
export function changeItemRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.patch(
    '/api/v1/sales/:saleId/items/:itemId',
    {
      onRequest: options.authenticated,
      config: { ifMatch: true },
      schema: {
        operationId: 'changeItem',
        tags: ['sales'],
        summary: 'Change name, price or limit of an item',
        description:
          "The merchant's staff and operators, also while the sale is open. Orders keep what they were placed at; a new limit counts them. Stock is changed by POST /api/v1/admin/stock. ETag and If-Match are the sale's.",
        params: Type.Object({ saleId: Uuid, itemId: Uuid }),
        body: ChangeItemBody,
        response: { 200: ItemResource },
      },
    },
    async (request, reply) => {
      const saleId = request.params.saleId.toLowerCase();
      const itemId = request.params.itemId.toLowerCase();
      await requireSaleStaff(options.database, request, saleId);
      const result = await changeItem(
        options.database,
        saleId,
        itemId,
        request.body,
        (sale) => requireSameDefinition(request, sale),
        auditRecordOf(request, { details: memberNames(request.body) }),
      );
      if (result.outcome === 'refused') {
        throw new ProblemError('not-found', { detail: 'The sale has no item with this id.' });
      }
      return reply.header('ETag', saleTag(result.sale)).send(toItemResource(itemOf(result.sale, itemId)));
    },
  );
}
