/** Figures of a run while it goes on. */
export interface Tally {
  /** Orders that the plan holds. */
  readonly planned: number;
  /** Orders that got their last word: accepted, refused or given up. */
  settled: number;
  accepted: number;
  refused: number;
  /** Attempts that got no answer, or one that a right engine does not give; hanging up on purpose is not one. */
  errors: number;
  retries: number;
  requests: number;
  /** Attempts that were hung up on, on purpose. */
  hangUps: number;
}

export function createTally(planned: number): Tally {
  return { planned, settled: 0, accepted: 0, refused: 0, errors: 0, retries: 0, requests: 0, hangUps: 0 };
}
