import type { PlaceOrderRecord } from './history.ts';

/** Everything one buyer sent under one key: by the promise of idempotency, at most one order. */
export interface Placement {
  readonly userId: string;
  readonly key: string;
  readonly lines: PlaceOrderRecord['lines'];
  readonly reference: string | null;
  /** By the moment they were sent. */
  readonly attempts: readonly PlaceOrderRecord[];
  /** The different orders that its successes named; one, if the engine is right. */
  readonly orderIds: readonly string[];
  /**
   * `accepted`: a success was answered. `refused`: the attempt that was sent last was refused without effect.
   * `unknown`: neither.
   */
  readonly outcome: 'accepted' | 'refused' | 'unknown';
  /** Whether the outcome of any attempt was unknown. */
  readonly everUnknown: boolean;
  /** Before this moment none of its attempts can have made an order; `Infinity` when none can have at all. */
  readonly earliestEffectMs: number;
}

const REFUSAL_CODES: ReadonlySet<string> = new Set(['sold-out', 'limit-reached', 'sale-not-open']);

/** Whether the engine said no to the order itself, for good as far as this attempt goes. */
export function isRefusal(attempt: PlaceOrderRecord): boolean {
  return attempt.status === 409 && attempt.code !== null && REFUSAL_CODES.has(attempt.code);
}

/** Whether the engine said yes. */
export function isSuccess(attempt: PlaceOrderRecord): boolean {
  return attempt.status !== null && attempt.status >= 200 && attempt.status < 300;
}

/** Whether the attempt itself may have made an order: a success, or no word, or a 5xx that may have come after the commit. */
function mayHaveTakenEffect(attempt: PlaceOrderRecord): boolean {
  return attempt.status === null || isSuccess(attempt) || attempt.status >= 500;
}

/** Whether nobody can tell from the attempt alone if it made an order. */
export function isUnknown(attempt: PlaceOrderRecord): boolean {
  return mayHaveTakenEffect(attempt) && !isSuccess(attempt);
}

/** Groups the attempts by buyer and key. */
export function groupPlacements(attempts: readonly PlaceOrderRecord[]): Placement[] {
  const byKey = Map.groupBy(attempts, (attempt) => `${attempt.userId} ${attempt.key}`);
  return [...byKey.values()].map((group) => describePlacement(group.toSorted((a, b) => a.sentAtMs - b.sentAtMs)));
}

function describePlacement(attempts: readonly PlaceOrderRecord[]): Placement {
  // An attempt with another body under the same key is refused with 422 and says nothing about what the key ordered.
  const ordering = attempts.find((attempt) => attempt.status !== 422) ?? attempts[0];
  if (ordering === undefined) throw new Error('a placement has at least one attempt');
  const orderIds = new Set(attempts.flatMap((attempt) => (attempt.order === null ? [] : [attempt.order.id])));
  return {
    userId: ordering.userId,
    key: ordering.key,
    lines: ordering.lines,
    reference: ordering.reference,
    attempts,
    orderIds: [...orderIds],
    outcome: tellOutcome(attempts),
    everUnknown: attempts.some(isUnknown),
    earliestEffectMs: attempts.find(mayHaveTakenEffect)?.sentAtMs ?? Number.POSITIVE_INFINITY,
  };
}

function tellOutcome(attempts: readonly PlaceOrderRecord[]): Placement['outcome'] {
  if (attempts.some(isSuccess)) return 'accepted';
  const last = attempts.at(-1);
  return last !== undefined && isRefusal(last) ? 'refused' : 'unknown';
}
