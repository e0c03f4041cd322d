import type { FastifyReply } from 'fastify';
import { replyProblem } from '../../reply-problem.ts';

/** Answers that too many passwords wait to be hashed, which is made slow on purpose. */
export function replyHashesWait(reply: FastifyReply): FastifyReply {
  return replyProblem(reply, 'overloaded', {
    detail: 'Too many are signing in or registering at this moment. Nothing was done.',
    retryAfterSeconds: 2,
  });
}
