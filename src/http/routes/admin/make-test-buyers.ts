import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { makeTestBuyers, TEST_BUYERS_MAX } from '../../../actions/make-test-buyers.ts';
import type { Database } from '../../../ledger/database.ts';
import { findWhetherTest } from '../../../ledger/test-buyers.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { ProblemError } from '../../problems.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';

/** Makes an access token. */
export type SignToken = (subject: {
  readonly accountId: string;
  readonly role: 'customer';
  readonly onlySaleId: string;
}) => string;

/** `POST /api/v1/admin/test-buyers` */
export function makeTestBuyersRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; signToken: SignToken },
): void {
  const { authenticated, database, signToken } = options;
  app.post(
    '/api/v1/admin/test-buyers',
    {
      onRequest: authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'makeTestBuyers',
        tags: ['admin'],
        summary: 'Make buyers for a rehearsal',
        description:
          'Operators, for test sales only. The tokens may order in that sale only and are shown once: a repeat has null in their place.',
        body: Type.Object(
          { saleId: Uuid, count: Type.Integer({ minimum: 1, maximum: TEST_BUYERS_MAX }) },
          { additionalProperties: false },
        ),
        response: {
          201: Type.Object({
            buyers: Type.Array(Type.Object({ userId: Uuid, accessToken: Type.Union([Type.String(), Type.Null()]) })),
          }),
        },
      },
    },
    async (request, reply) => {
      requireOperator(callerOf(request));
      const saleId = request.body.saleId.toLowerCase();
      const test = await findWhetherTest(database, saleId);
      if (test === undefined) throw new ProblemError('not-found', { detail: 'There is no sale with this id.' });
      return replyOnce(request, reply, database, async (transaction) => {
        if (!test) return { refusal: { code: 'not-a-test-sale' } };
        const accountIds = await makeTestBuyers(transaction, saleId, request.body.count);
        const tokenOf = (accountId: string) => signToken({ accountId, role: 'customer', onlySaleId: saleId });
        return {
          answer: jsonAnswer(201, { buyers: accountIds.map((userId) => ({ userId, accessToken: tokenOf(userId) })) }),
          // Secrets are not kept.
          stored: jsonAnswer(201, { buyers: accountIds.map((userId) => ({ userId, accessToken: null })) }),
          audit: { target: `/api/v1/sales/${saleId}`, details: { count: accountIds.length } },
        };
      });
    },
  );
}
