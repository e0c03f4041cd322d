import type { FastifyRequest } from 'fastify';
import type { PayOrderOutcome } from '../../../actions/pay-order.ts';
import type { SteppedOrNot } from '../../../actions/step-orders.ts';
import { ATTEMPTS_MAX } from '../../../domain/take-intent.ts';
import { failureProblem } from '../../failure-problem.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { ProblemError } from '../../problems.ts';

/** Every outcome of a step that has no effect. */
export type NotStepped =
  | Exclude<SteppedOrNot, { outcome: 'stepped' | 'repeat' }>
  | Exclude<PayOrderOutcome, { outcome: 'answered' }>;

/** The problem for a step that did not happen. */
export function stepProblem(request: FastifyRequest, outcome: NotStepped): ProblemError {
  switch (outcome.outcome) {
    case 'unknown-order':
      return new ProblemError('not-found', { detail: 'You have no order with this id.' });
    case 'key-reused':
      return new ProblemError('idempotency-key-reused', { detail: 'Take a new key for a new request.' });
    case 'in-progress':
      return new ProblemError('request-in-progress', { retryAfterSeconds: 1 });
    case 'precondition-required':
      return new ProblemError('precondition-required', { detail: 'Send If-Match with the ETag that you read.' });
    case 'precondition-invalid':
      return new ProblemError('precondition-invalid', {
        detail: 'If-Match must be * or a list of quoted entity tags.',
      });
    case 'stale':
      return new ProblemError('precondition-failed', {
        detail: 'Read it again and decide anew.',
        extras: stateOf(outcome),
      });
    case 'not-allowed':
      return new ProblemError('order-step-not-allowed', {
        detail: `The order is ${outcome.status}. What you may do now stands in allowed.`,
        extras: stateOf(outcome),
      });
    case 'wrong-code':
      return new ProblemError('collection-code-wrong', { detail: 'Ask the customer for the code of this order.' });
    case 'payment-open':
      return new ProblemError('payment-open', {
        detail: 'The provider has not said yet how an earlier attempt ended. Nothing was charged by this request.',
        retryAfterSeconds: 5,
      });
    case 'too-many-attempts':
      return new ProblemError('payment-attempts-exceeded', {
        detail: `An order is tried to be paid ${ATTEMPTS_MAX} times at most. Place a new one.`,
      });
    case 'capture-pending':
      return new ProblemError('capture-pending', {
        detail: 'The provider has not said yet whether the money is captured.',
        retryAfterSeconds: 2,
      });
    case 'amount-exceeded':
      return new ProblemError('amount-exceeded', {
        detail: 'At most refundableMinor is left of what was paid.',
        extras: { refundableMinor: outcome.refundableMinor },
      });
    case 'lines-exceeded':
      return new ProblemError('lines-exceeded', {
        detail: 'What is left of the lines stands in lines.',
        extras: { lines: outcome.lines },
      });
    case 'option-not-allowed':
      return invalidRequest([
        { pointer: `/${outcome.option}`, detail: 'is only for orders whose preparation has begun' },
      ]);
    case 'sold-out':
    case 'limit-reached':
      return new ProblemError(outcome.outcome, {
        detail: 'The stock of this order is taken by others now.',
        extras: { items: outcome.items },
      });
    case 'unchanged':
    case 'mismatch':
    case 'not-refundable':
      throw new Error(`An intent ended with ${outcome.outcome}.`);
    default: {
      const { code, details } = failureProblem(request, outcome);
      return new ProblemError(code, details);
    }
  }
}

function stateOf({ status, version, allowed }: { status: string; version: number; allowed: readonly string[] }) {
  return { orderStatus: status, version, allowed };
}
