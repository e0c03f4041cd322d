import type { Database } from '../ledger/database.ts';
import { faultOf } from '../ledger/database-error.ts';
import type { Queryable } from '../ledger/statement.ts';
import { type AnswerKey, claimKey, fillClaim, type StoredAnswer } from '../ledger/stored-answers.ts';

/** What the audit log says of an effect beside who had it; what is left out is taken from the request. */
export interface AuditNote {
  /** The address of what was made or changed. */
  readonly target?: string;
  readonly merchantId?: string;
  /** Never a secret or a text about a person. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What a piece of work gives back: an effect with its answer, or a refusal that must leave no trace. */
export type WorkResult<Refusal> =
  | {
      readonly answer: StoredAnswer;
      /** What is kept for repeats, where the answer itself carries a secret. */
      readonly stored?: StoredAnswer;
      readonly audit?: AuditNote;
    }
  | { readonly refusal: Refusal };

export type OnceOutcome<Refusal> =
  | { readonly outcome: 'answered'; readonly answer: StoredAnswer; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'key-reused' }
  | { readonly outcome: 'in-progress' };

/** Which request it is, and how long it is remembered. */
export interface OnceRequest {
  readonly key: AnswerKey;
  readonly fingerprint: string;
  readonly retentionSeconds: number;
}

class RolledBack<Outcome> extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super('rolled back on purpose');
    this.outcome = outcome;
  }
}

/**
 * Runs the low-rate work of a merchant or an operator at most once per key, for as long as the answer is kept: key,
 * fingerprint, effect and answer are one transaction. A refusal rolls everything back, so the key stays free.
 */
export async function answerOnce<Refusal>(
  database: Database,
  request: OnceRequest,
  work: (transaction: Queryable) => Promise<WorkResult<Refusal>>,
): Promise<OnceOutcome<Refusal>> {
  try {
    return await database.transaction(async (transaction) => {
      const known = await claim(transaction, request);
      if (known !== undefined) {
        if (known.fingerprint !== request.fingerprint) return { outcome: 'key-reused' };
        return { outcome: 'answered', answer: known.answer, replayed: true };
      }
      const result = await work(transaction);
      if ('refusal' in result)
        throw new RolledBack<OnceOutcome<Refusal>>({ outcome: 'refused', refusal: result.refusal });
      await fillClaim(transaction, request.key, result.stored ?? result.answer);
      return { outcome: 'answered', answer: result.answer, replayed: false };
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.outcome as OnceOutcome<Refusal>;
    throw error;
  }
}

async function claim(transaction: Queryable, request: OnceRequest): ReturnType<typeof claimKey> {
  try {
    return await claimKey(transaction, request.key, request.fingerprint, request.retentionSeconds);
  } catch (error) {
    if (faultOf(error) !== 'retryable') throw error;
    throw new RolledBack<OnceOutcome<never>>({ outcome: 'in-progress' });
  }
}
