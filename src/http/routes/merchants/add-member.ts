import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { type AddMemberOutcome, addMember } from '../../../actions/add-member.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { jsonAnswer, type ProblemRefusal, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { EmailField } from '../accounts/account-resource.ts';
import { MemberResource, MemberRoleField, toMemberResource } from './member-resource.ts';
import { requireManagerOf } from './merchant-managers.ts';

/** `POST /api/v1/merchants/{merchantId}/members` */
export function addMemberRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.post(
    '/api/v1/merchants/:merchantId/members',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'addMember',
        tags: ['merchants'],
        summary: 'Make an account a member of a merchant',
        description:
          "Operators and the merchant's staff. A customer takes the role given; it signs in again to use it. An account has one role.",
        params: Type.Object({ merchantId: Uuid }),
        body: Type.Object({ email: EmailField, role: MemberRoleField }, { additionalProperties: false }),
        response: { 201: MemberResource },
      },
    },
    async (request, reply) => {
      const merchantId = request.params.merchantId.toLowerCase();
      const { email, role } = request.body;
      await requireManagerOf(options.database, request, merchantId);
      return replyOnce(request, reply, options.database, async (transaction) => {
        const result = await addMember(transaction, { merchantId, email, role });
        if (result.outcome !== 'added') return { refusal: refusalOf(result) };
        const { accountId } = result.member;
        return {
          answer: jsonAnswer(201, toMemberResource(result.member)),
          audit: { target: `/api/v1/merchants/${merchantId}/members/${accountId}`, details: { role } },
        };
      });
    },
  );
}

function refusalOf(result: Exclude<AddMemberOutcome, { outcome: 'added' }>): ProblemRefusal {
  switch (result.outcome) {
    case 'no-account':
      return { code: 'not-found', details: { detail: 'No account has this e-mail. Let them register first.' } };
    case 'already-member':
      return { code: 'already-exists', details: { detail: 'This account is a member already.' } };
    case 'other-role':
      return { code: 'other-role', details: { extras: { role: result.role } } };
  }
}
