import type { onRequestHookHandler } from 'fastify';
import { type Static, Type } from 'typebox';
import { type ChangeStockOutcome, changeStock } from '../../../actions/change-stock.ts';
import { CAPACITY_MAX, type CapacityChange } from '../../../domain/capacity.ts';
import type { Database } from '../../../ledger/database.ts';
import { findMerchantOfItem } from '../../../ledger/stock-changes.ts';
import type { App } from '../../app.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { jsonAnswer, type ProblemRefusal, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { Capacity } from '../sales/sale-fields.ts';
import { StockResource } from '../sales/sale-resource.ts';
import { requireStaffOf, requireStaffRole } from '../sales/sale-staff.ts';

const ChangeStockBody = Type.Object(
  {
    itemId: Uuid,
    capacity: Type.Optional(Capacity),
    adjustBy: Type.Optional(Type.Integer({ minimum: -CAPACITY_MAX, maximum: CAPACITY_MAX })),
  },
  {
    additionalProperties: false,
    description: 'Exactly one of capacity (what it shall be) and adjustBy (how many more or fewer than now).',
  },
);

/** `POST /api/v1/admin/stock` */
export function changeStockRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.post(
    '/api/v1/admin/stock',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'changeStock',
        tags: ['admin'],
        summary: 'Set or adjust the stock of an item',
        description:
          'Operators all, merchants and shops their own, also while the sale is open. Never below what is held and sold: then 409 with the stock as it is.',
        body: ChangeStockBody,
        response: {
          200: Type.Object({ itemId: Uuid, saleId: Uuid, version: Type.Integer(), stock: StockResource }),
        },
      },
    },
    async (request, reply) => {
      const change = changeOf(request.body);
      const itemId = request.body.itemId.toLowerCase();
      requireStaffRole(request);
      const merchantId = await findMerchantOfItem(options.database, itemId);
      await requireStaffOf(options.database, request, merchantId, 'You have no item with this id.');
      return replyOnce(request, reply, options.database, async (transaction) => {
        const result = await changeStock(transaction, itemId, change);
        if (result.outcome !== 'changed') return { refusal: refusalOf(result) };
        const { saleId, version, stock } = result;
        return {
          answer: jsonAnswer(200, { itemId, saleId, version, stock }),
          audit: {
            target: `/api/v1/sales/${saleId}/items/${itemId}`,
            ...(merchantId === undefined ? {} : { merchantId }),
            details: { ...change, capacity: stock.capacity },
          },
        };
      });
    },
  );
}

function changeOf({ capacity, adjustBy }: Static<typeof ChangeStockBody>): CapacityChange {
  if (capacity !== undefined && adjustBy === undefined) return { to: capacity };
  if (adjustBy !== undefined && capacity === undefined) return { by: adjustBy };
  throw invalidRequest([{ pointer: '', detail: 'must have exactly one of capacity and adjustBy' }]);
}

function refusalOf(result: Exclude<ChangeStockOutcome, { outcome: 'changed' }>): ProblemRefusal {
  if (result.outcome === 'above-maximum') {
    throw invalidRequest([{ pointer: '/adjustBy', detail: `would raise the capacity above ${CAPACITY_MAX}` }]);
  }
  const { promised, stock } = result;
  return {
    code: 'stock-below-promised',
    details: { detail: `${promised} units are promised: held for unpaid orders or sold.`, extras: { ...stock } },
  };
}
