import { randomUUIDv7 } from 'node:crypto';
import type { onRequestHookHandler } from 'fastify';
import { type Static, Type } from 'typebox';
import { createSale } from '../../../actions/create-sale.ts';
import { isCurrency } from '../../../domain/currency.ts';
import { ITEMS_MAX, opensBeforeItCloses, STEP_TERMS_DEFAULT } from '../../../domain/sale-terms.ts';
import type { Database } from '../../../ledger/database.ts';
import type { NewSale } from '../../../ledger/sale-catalogue.ts';
import type { App } from '../../app.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { Moment, Name, NewItemFields } from './sale-fields.ts';
import { SaleResource, toSaleResource } from './sale-resource.ts';
import { requireStaffOf } from './sale-staff.ts';
import { saleTag } from './sale-tag.ts';
import { OptionalStepTermsFields } from './step-terms.ts';

/** Two hundred items with long names need more than the usual limit. */
const BODY_BYTES_MAX = 256 * 1024;

const NO_MERCHANT = 'You have no merchant with this id.';

const CreateSaleBody = Type.Object(
  {
    merchantId: Uuid,
    name: Name,
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217.' }),
    opensAt: Moment,
    closesAt: Moment,
    fulfillment: Type.Enum(['direct', 'kitchen'], {
      description: 'Handed out as it is, or accepted, prepared and handed over.',
    }),
    ...OptionalStepTermsFields,
    test: Type.Optional(
      Type.Boolean({
        description: 'A rehearsal: left out of the public list, open to test buyers. False if not told.',
      }),
    ),
    items: Type.Array(NewItemFields, { minItems: 1, maxItems: ITEMS_MAX }),
  },
  { additionalProperties: false },
);

/** `POST /api/v1/sales` */
export function createSaleRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.post(
    '/api/v1/sales',
    {
      onRequest: options.authenticated,
      bodyLimit: BODY_BYTES_MAX,
      config: { idempotent: true },
      schema: {
        operationId: 'createSale',
        tags: ['sales'],
        summary: 'Make a sale',
        description: "The merchant's staff and operators. All of an item's capacity is available at first.",
        body: CreateSaleBody,
        response: { 201: SaleResource },
      },
    },
    async (request, reply) => {
      const sale = newSale(request.body);
      const items = request.body.items.map((item) => ({
        ...item,
        id: randomUUIDv7(),
        limitPerCustomer: item.limitPerCustomer ?? null,
      }));
      await requireStaffOf(options.database, request, sale.merchantId, NO_MERCHANT);
      return replyOnce(request, reply, options.database, async (transaction) => {
        const made = await createSale(transaction, sale, items);
        if (made === undefined) {
          return { refusal: { code: 'not-found', details: { detail: NO_MERCHANT } } };
        }
        const headers = { Location: `/api/v1/sales/${made.id}`, ETag: saleTag(made) };
        return { answer: jsonAnswer(201, toSaleResource(made), headers), audit: { merchantId: made.merchantId } };
      });
    },
  );
}

function newSale(body: Static<typeof CreateSaleBody>): NewSale {
  const sale = {
    id: randomUUIDv7(),
    merchantId: body.merchantId.toLowerCase(),
    name: body.name,
    currency: body.currency,
    opensAt: new Date(body.opensAt),
    closesAt: new Date(body.closesAt),
    fulfillment: body.fulfillment,
    holdSeconds: body.holdSeconds ?? STEP_TERMS_DEFAULT.holdSeconds,
    retrySeconds: body.retrySeconds ?? STEP_TERMS_DEFAULT.retrySeconds,
    pinSeconds: body.pinSeconds ?? STEP_TERMS_DEFAULT.pinSeconds,
    acceptanceSeconds: body.acceptanceSeconds ?? STEP_TERMS_DEFAULT.acceptanceSeconds,
    test: body.test ?? false,
  };
  const faults = [
    ...(isCurrency(sale.currency)
      ? []
      : [{ pointer: '/currency', detail: 'is not the code of a currency in use (ISO 4217)' }]),
    ...(opensBeforeItCloses(sale) ? [] : [{ pointer: '/closesAt', detail: 'must be later than opensAt' }]),
  ];
  if (faults.length > 0) throw invalidRequest(faults);
  return sale;
}
