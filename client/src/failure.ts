import type { ProblemDocument } from './documents.ts';
import {
  type CallFacts,
  ConnectionError,
  type DoorbusterError,
  DoorbusterProblem,
  UnexpectedAnswerError,
} from './errors.ts';
import { parseRetryAfter } from './retry-delay.ts';
import type { Outcome } from './send-once.ts';

/** A try that was no success, and what it means for the next. */
export interface Failure {
  /** Who may try again: every request, those that are harmless to repeat, or none. */
  readonly retry: 'any' | 'repeatable' | 'none';
  /**
   * What it tells of the intent: this try had no effect; it may have had one; or it is decided, whatever earlier tries
   * met, that there is none.
   */
  readonly effect: 'none' | 'unknown' | 'decided';
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  toError(facts: CallFacts): DoorbusterError;
}

/** What a try that was no success came to. */
export function failureOf(outcome: Outcome): Failure {
  if (!outcome.answered) {
    const { cause, left } = outcome;
    return {
      ...(left ? { retry: 'repeatable', effect: 'unknown' } : { retry: 'any', effect: 'none' }),
      status: undefined,
      retryAfterSeconds: undefined,
      toError: (facts) => new ConnectionError(facts, cause),
    };
  }
  const { response, text } = outcome;
  const { status, headers } = response;
  const retryAfterSeconds = parseRetryAfter(headers.get('retry-after'));
  const problem = readProblem(text);
  const etag = headers.get('etag') ?? undefined;
  return {
    ...judge(status, problem?.code, retryAfterSeconds),
    status,
    retryAfterSeconds,
    toError: (facts) =>
      problem === undefined
        ? new UnexpectedAnswerError(facts, status, text)
        : new DoorbusterProblem(facts, problem, { retryAfterSeconds, etag }),
  };
}

type Judgement = Pick<Failure, 'retry' | 'effect'>;

const NOTHING_DONE: Judgement = { retry: 'any', effect: 'none' };
const IN_DOUBT: Judgement = { retry: 'repeatable', effect: 'unknown' };

/** The engine looks for the caller's key before it answers with one of these: no order is hidden by them. */
const DECIDED = [402, 409, 412, 422, 428];

function judge(status: number, code: string | undefined, retryAfterSeconds: number | undefined): Judgement {
  if (code === 'request-in-progress') return IN_DOUBT;
  if (code === 'overloaded' || code === 'unavailable' || status === 425 || status === 429) return NOTHING_DONE;
  // Of its own 5xx the engine marks by Retry-After which may be sent again; a proxy's have no document.
  if (status >= 500) {
    const again = retryAfterSeconds !== undefined || (code === undefined && [502, 503, 504].includes(status));
    return again ? IN_DOUBT : { retry: 'none', effect: 'unknown' };
  }
  if (status === 408) return IN_DOUBT;
  return { retry: 'none', effect: DECIDED.includes(status) && code !== undefined ? 'decided' : 'none' };
}

function readProblem(text: string): ProblemDocument | undefined {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== 'object' || document === null || !('code' in document) || !('title' in document)) return;
    return document as ProblemDocument;
  } catch {
    return undefined;
  }
}
