/** The promises that a history can break, by their ids in the product's list of promises. */
type PromiseId =
  | 'S-01'
  | 'S-02'
  | 'S-03'
  | 'S-04'
  | 'S-06'
  | 'S-07'
  | 'S-08'
  | 'S-09'
  | 'S-10'
  | 'IK-04'
  | 'IK-19'
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
  | 'listed-twice';

/** A broken promise with what proves it. */
export interface Violation {
  readonly promise: PromiseId;
  readonly kind: ViolationKind;
  readonly message: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}
