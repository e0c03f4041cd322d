import { randomUUIDv7 } from 'node:crypto';
import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { addItem } from '../../../actions/add-item.ts';
import { ITEMS_MAX } from '../../../domain/sale-terms.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { itemOf } from './item-of.ts';
import { NewItemFields } from './sale-fields.ts';
import { ItemResource, toItemResource } from './sale-resource.ts';
import { requireSaleStaff } from './sale-staff.ts';
import { saleTag } from './sale-tag.ts';

/** `POST /api/v1/sales/{saleId}/items` */
export function addItemRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.post(
    '/api/v1/sales/:saleId/items',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'addItem',
        tags: ['sales'],
        summary: 'Add an item to a sale',
        description: "The merchant's staff and operators, also while the sale is open. The ETag is the sale's.",
        params: Type.Object({ saleId: Uuid }),
        body: NewItemFields,
        response: { 201: ItemResource },
      },
    },
    async (request, reply) => {
      const saleId = request.params.saleId.toLowerCase();
      await requireSaleStaff(options.database, request, saleId);
      const item = { ...request.body, id: randomUUIDv7(), limitPerCustomer: request.body.limitPerCustomer ?? null };
      return replyOnce(request, reply, options.database, async (transaction) => {
        const result = await addItem(transaction, saleId, item);
        if (result.outcome === 'refused') {
          throw invalidRequest([{ pointer: '', detail: `the sale has ${ITEMS_MAX} items, the most it may have` }]);
        }
        const headers = { Location: `/api/v1/sales/${saleId}/items/${item.id}`, ETag: saleTag(result.sale) };
        return { answer: jsonAnswer(201, toItemResource(itemOf(result.sale, item.id)), headers) };
      });
    },
  );
}
