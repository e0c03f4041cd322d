/** The promises that a history can break, by their ids in the product's list of promises. */
type PromiseId =
  | 'S-01'
  | 'S-02'
  | 'S-03'
  | 'S-04'
  | 'S-05'
  | 'S-06'
  | 'S-07'
  | 'S-08'
  | 'S-09'
  | 'S-10'
  | 'S-11'
  | 'IK-04'
  | 'IK-19'
  | 'CR-02'
  | 'CR-03'
  | 'CR-04'
  | 'PAY-01'
  | 'PAY-10'
  | 'WH-01'
  | 'PD-01'
  | 'PG-01';

/** What exactly went wrong; figures are counted by it. */
export type ViolationKind =
  | 'stock-sum'
  | 'stock-negative'
  | 'stock-books'
  | 'oversold'
  | 'undersold'
  | 'lost-order'
  | 'changed-order'
  | 'unexplained-order'
  | 'wrong-price'
  | 'partial-order'
  | 'duplicate-order'
  | 'unresolved'
  | 'replay-differs'
  | 'refused-though-won'
  | 'limit-breach'
  | 'false-limit-reached'
  | 'arrival-gap'
  | 'arrival-order'
  | 'false-sold-out'
  | 'outside-window'
  | 'unexpected-answer'
  | 'listed-twice'
  | 'arrival-clock'
  | 'taken-above-capacity'
  | 'wrong-counters'
  | 'hold-overdue'
  | 'expired-early'
  | 'history-gap'
  | 'history-clock'
  | 'unpublished-step'
  | 'version-fell'
  | 'lost-step'
  | 'unexplained-step'
  | 'two-winners'
  | 'tag-differs'
  | 'false-precondition'
  | 'charged-twice'
  | 'books-differ'
  | 'money-kept'
  | 'money-pending'
  | 'event-invented'
  | 'event-differs'
  | 'event-missing'
  | 'gate-drift'
  | 'restless';

/** A broken promise with what proves it. */
export interface Violation {
  readonly promise: PromiseId;
  readonly kind: ViolationKind;
  readonly message: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}
