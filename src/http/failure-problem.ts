import type { FastifyRequest } from 'fastify';
import type { NotTaken } from '../actions/batch-queue.ts';
import type { BatchFailure } from '../actions/commit-batch.ts';
import type { ProblemCode, ProblemDetails } from './problems.ts';

/** Outcomes of a batch that are no decision. */
export type Failure = NotTaken | BatchFailure;

/** The problem for a request that the ledger did not decide; what a person must look into is logged. */
export function failureProblem(
  request: FastifyRequest,
  failure: Failure,
): { readonly code: ProblemCode; readonly details: ProblemDetails } {
  const detail = 'Nothing was done. Retry with the same key.';
  switch (failure.outcome) {
    case 'overloaded':
    case 'deadline':
      return { code: 'overloaded', details: { detail, retryAfterSeconds: 1, extras: { waiting: failure.waiting } } };
    case 'unavailable':
      request.log.error({ err: failure.error }, 'the ledger could not take a request');
      return { code: 'unavailable', details: { detail, retryAfterSeconds: 2 } };
    case 'unknown':
      request.log.error({ err: failure.error }, 'the outcome of a commit is not known yet');
      return {
        code: 'outcome-unknown',
        details: {
          detail: 'It took effect or it did not. Retry with the same key: the answer tells.',
          retryAfterSeconds: 2,
        },
      };
    case 'poisoned':
      request.log.error({ err: failure.error }, 'a request could not be written');
      return {
        code: 'internal-error',
        details: { detail: 'Nothing was done. Tell the operator the requestId.' },
      };
  }
}
