import type { AuditNote, WorkResult } from '../../../actions/answer-once.ts';
import type { LetterOutcome } from '../../../actions/redrive-letters.ts';
import { jsonAnswer, type ProblemRefusal } from '../../reply-once.ts';
import { toDeadLetterResource } from './dead-letter-resource.ts';

/** What came of a request about one letter, as it is answered. */
export function letterAnswer(
  result: LetterOutcome,
  schedule: readonly number[],
  details: NonNullable<AuditNote['details']> = {},
): WorkResult<ProblemRefusal> {
  switch (result.outcome) {
    case 'done': {
      const { letter } = result;
      const { merchantId } = letter;
      return {
        answer: jsonAnswer(200, toDeadLetterResource(letter, schedule)),
        audit: {
          target: `/api/v1/admin/dlq/${letter.id}`,
          ...(merchantId === null ? {} : { merchantId }),
          details: { kind: letter.kind, dutyId: letter.dutyId, ...details },
        },
      };
    }
    case 'unknown-letter':
      return { refusal: { code: 'not-found', details: { detail: 'There is no such dead letter.' } } };
    case 'not-dead': {
      const { status } = result;
      return {
        refusal: { code: 'wrong-status', details: { detail: `It is ${status}.`, extras: { currentStatus: status } } },
      };
    }
    case 'not-revivable': {
      const detail = 'What it was about is gone: the endpoint was deleted. It can be discarded.';
      return { refusal: { code: 'wrong-status', details: { detail, extras: { currentStatus: 'dead' } } } };
    }
  }
}
