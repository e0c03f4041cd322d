import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerOnce, type WorkResult } from '../actions/answer-once.ts';
import { callerId } from '../domain/caller.ts';
import { recordAudit } from '../ledger/audit-log.ts';
import type { Database } from '../ledger/database.ts';
import type { Queryable } from '../ledger/statement.ts';
import type { StoredAnswer } from '../ledger/stored-answers.ts';
import { auditRecordOf } from './audit.ts';
import { callerOf } from './authentication.ts';
import { fingerprintOf, idempotencyKeyOf, operationOf } from './idempotency-key.ts';
import type { ProblemCode, ProblemDetails } from './problems.ts';
import { replyProblem } from './reply-problem.ts';
import { sendJson } from './send-json.ts';

/** A refusal as the problem it becomes. */
export interface ProblemRefusal {
  readonly code: ProblemCode;
  readonly details?: ProblemDetails;
}

/** A 2xx answer with a JSON body, in the form that can be kept and sent again byte for byte. */
export function jsonAnswer(status: number, resource: unknown, headers: Record<string, string> = {}): StoredAnswer {
  return { status, headers, body: JSON.stringify(resource) };
}

/**
 * Does the work of a low-rate POST once per Idempotency-Key of its caller and answers with what came of it; a repeat
 * gets the first answer with `Idempotent-Replayed: true`. The effect is kept in the audit log, in its own transaction.
 * Check rights before: this looks at the key.
 */
export async function replyOnce(
  request: FastifyRequest,
  reply: FastifyReply,
  database: Database,
  work: (transaction: Queryable) => Promise<WorkResult<ProblemRefusal>>,
  fingerprint: string = fingerprintOf(request),
): Promise<FastifyReply> {
  const key = {
    callerId: callerId(callerOf(request)),
    operation: operationOf(request),
    idempotencyKey: idempotencyKeyOf(request),
  };
  const { answerRetentionSeconds: retentionSeconds } = request.server;
  const outcome = await answerOnce(database, { key, fingerprint, retentionSeconds }, async (transaction) => {
    const result = await work(transaction);
    if (!('refusal' in result)) {
      const location = result.answer.headers['Location'];
      const note = { ...(location === undefined ? {} : { target: location }), ...result.audit };
      await recordAudit(transaction, auditRecordOf(request, note));
    }
    return result;
  });
  switch (outcome.outcome) {
    case 'refused':
      return replyProblem(reply, outcome.refusal.code, outcome.refusal.details);
    case 'key-reused':
      return replyProblem(reply, 'idempotency-key-reused', { detail: 'Take a new key for a new request.' });
    case 'in-progress':
      return replyProblem(reply, 'request-in-progress', { retryAfterSeconds: 1 });
    case 'answered': {
      const { status, headers, body } = outcome.answer;
      reply.code(status).headers({ ...headers });
      if (outcome.replayed) reply.header('Idempotent-Replayed', 'true');
      return sendJson(reply, body);
    }
  }
}
