/** One run of the client against one server, in the check. */
export interface CheckTurn {
  row: string;
  perSecond: number;
  /** Of the CPU time used meanwhile, the share of strangers. */
  othersShare: number;
}

/** The ratio of a row to another that was measured when the file was last written. */
export interface ExpectedRatio {
  row: string;
  over: string;
  ratio: number;
}

/** How the check ended. */
export type CheckVerdict =
  | { outcome: 'as expected' | 'far below'; lines: string[] }
  /** Nothing can be said. */
  | { outcome: 'too noisy'; lines: string[] };

/** Turns in which others use more of the CPU than this say nothing. */
export const OTHERS_SHARE_MAX = 0.2;

/** How many quiet turns each row needs. */
const QUIET_TURNS_MIN = 2;

/** What counts as far below: machines differ in what a commit costs, and neighbours in what they leave. */
export const TOLERATED_SHARE = 0.5;

/**
 * Compares the best quiet turns of each row: whoever disturbs makes a turn slower, never faster. Far below is less than
 * half of what is expected.
 */
export function judgeCheck(turns: readonly CheckTurn[], expected: readonly ExpectedRatio[]): CheckVerdict {
  const quiet = Map.groupBy(
    turns.filter(({ othersShare }) => othersShare <= OTHERS_SHARE_MAX),
    ({ row }) => row,
  );
  const needed = new Set(expected.flatMap(({ row, over }) => [row, over]));
  const disturbed = [...needed].filter((row) => (quiet.get(row)?.length ?? 0) < QUIET_TURNS_MIN);
  if (disturbed.length > 0) {
    return { outcome: 'too noisy', lines: [`Others used the machine while these ran: ${disturbed.join(', ')}.`] };
  }
  const best = (row: string) => Math.max(...(quiet.get(row) ?? []).map(({ perSecond }) => perSecond));
  const compared = expected.map((each) => {
    const ratio = best(each.row) / best(each.over);
    return { ...each, found: ratio, good: ratio >= each.ratio * TOLERATED_SHARE };
  });
  const lines = compared.map(
    ({ row, over, ratio, found, good }) =>
      `${row} / ${over}: ${found.toFixed(3)}, expected some ${ratio}: ${good ? 'good' : 'FAR BELOW'}`,
  );
  return { outcome: compared.every(({ good }) => good) ? 'as expected' : 'far below', lines };
}
