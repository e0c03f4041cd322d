/** Seconds; from a refusal out of memory to a ledger in trouble. */
export const PLACING_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Seconds of what has many labels, or happens for each request: a few tell the usual from the slow. */
export const FEW_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

/** Seconds of what others answer over the Internet. */
export const REMOTE_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
