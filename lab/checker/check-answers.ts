import type { Case } from './case.ts';
import type { PlaceOrderRecord } from './history.ts';
import { isRefusal, isSuccess } from './placements.ts';
import type { Violation } from './violation.ts';

/** PD-01: a correct request gets an order, a refusal, or a word to come back later; nothing else, and never a 500. */
export function checkAnswers(facts: Case): Violation[] {
  return facts.history.placings
    .filter((attempt) => !isExpected(attempt))
    .map(({ userId, key, status, code }) => ({
      promise: 'PD-01',
      kind: 'unexpected-answer',
      message: `a correct order was answered with ${status} ${code ?? '(no order in it)'}`,
      evidence: { userId, key, status, code },
    }));
}

function isExpected(attempt: PlaceOrderRecord): boolean {
  if (attempt.status === null || attempt.status === 429 || attempt.status === 503) return true;
  if (isSuccess(attempt)) return attempt.order !== null;
  return isRefusal(attempt) || (attempt.status === 409 && attempt.code === 'request-in-progress');
}
