import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { eraseMerchantCustomer } from '../../../actions/erase-customer.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { isStaffOf } from '../../authorization.ts';
import { ProblemError } from '../../problems.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';

const UNKNOWN_MERCHANT = 'You have no merchant with this id.';

/** `POST /api/v1/merchants/{merchantId}/customer-erasures` */
export function eraseCustomerRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.post(
    '/api/v1/merchants/:merchantId/customer-erasures',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'eraseCustomer',
        tags: ['merchants'],
        summary: "Erase the personal data of a shop's customer",
        description:
          "The merchant's staff, its API keys, and operators. The shop's own id of the customer is gone, and so are reference and metadata of its orders; orders, money and history stay. It cannot be undone.",
        params: Type.Object({ merchantId: Uuid }),
        body: Type.Object(
          {
            externalId: Type.String({
              minLength: 1,
              maxLength: 200,
              pattern: '^[^\\u0000]*$',
              description: "The shop's own id of the customer: what `onBehalfOf` said in its orders.",
            }),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ userId: Uuid, erasedAt: Type.String({ format: 'date-time' }) }) },
      },
    },
    async (request, reply) => {
      const merchantId = request.params.merchantId.toLowerCase();
      if (!(await isStaffOf(options.database, callerOf(request), merchantId))) {
        throw new ProblemError('not-found', { detail: UNKNOWN_MERCHANT });
      }
      return replyOnce(request, reply, options.database, async (transaction) => {
        const erased = await eraseMerchantCustomer(transaction, merchantId, request.body.externalId);
        if (erased === undefined) {
          const detail = 'No customer of this merchant, if there is one, has ordered under this id.';
          return { refusal: { code: 'not-found', details: { detail } } };
        }
        const { customerId, erasedAt } = erased;
        return {
          answer: jsonAnswer(200, { userId: customerId, erasedAt: erasedAt.toISOString() }),
          audit: { details: { userId: customerId } },
        };
      });
    },
  );
}
