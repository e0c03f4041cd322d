import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { changeSale } from '../../../actions/change-sale.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { auditRecordOf, memberNames } from '../../audit.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { Uuid } from '../../uuid.ts';
import { Moment, Name } from './sale-fields.ts';
import { SaleResource, toSaleResource } from './sale-resource.ts';
import { requireSaleStaff } from './sale-staff.ts';
import { requireSameDefinition, saleTag } from './sale-tag.ts';
import { OptionalStepTermsFields } from './step-terms.ts';

const ChangeSaleBody = Type.Object(
  {
    name: Type.Optional(Name),
    opensAt: Type.Optional(Moment),
    closesAt: Type.Optional(Moment),
    ...OptionalStepTermsFields,
  },
  { additionalProperties: false, minProperties: 1, description: 'What is left out stays as it is.' },
);

/** `PATCH /api/v1/sales/{saleId}` */
export function changeSaleRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.patch(
    '/api/v1/sales/:saleId',
    {
      onRequest: options.authenticated,
      config: { ifMatch: true },
      schema: {
        operationId: 'changeSale',
        tags: ['sales'],
        summary: 'Change the terms of a sale',
        description:
          "The merchant's staff and operators, also while the sale is open. A deadline that an order has already stays as it is; the next one is by the new terms. If-Match is stale when the definition has changed since, not when only stock has moved.",
        params: Type.Object({ saleId: Uuid }),
        body: ChangeSaleBody,
        response: { 200: SaleResource },
      },
    },
    async (request, reply) => {
      const saleId = request.params.saleId.toLowerCase();
      await requireSaleStaff(options.database, request, saleId);
      const { opensAt, closesAt, ...others } = request.body;
      const terms = {
        ...others,
        ...(opensAt === undefined ? {} : { opensAt: new Date(opensAt) }),
        ...(closesAt === undefined ? {} : { closesAt: new Date(closesAt) }),
      };
      const result = await changeSale(
        options.database,
        saleId,
        terms,
        (sale) => requireSameDefinition(request, sale),
        auditRecordOf(request, { details: memberNames(terms) }),
      );
      if (result.outcome === 'refused') {
        const pointer = closesAt === undefined ? '/opensAt' : '/closesAt';
        throw invalidRequest([{ pointer, detail: 'the sale must close later than it opens' }]);
      }
      return reply.header('ETag', saleTag(result.sale)).send(toSaleResource(result.sale));
    },
  );
}
