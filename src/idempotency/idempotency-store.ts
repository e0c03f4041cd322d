/**
 * Remembers for a while which request a key stands for, who works on it, and how it was answered. It spares work and
 * tells repeats early; what makes a repeat harmless are the ledger's own unique keys beneath. Every implementation
 * passes `test/conformance/idempotency-store.ts`.
 */
export interface IdempotencyStore {
  /**
   * Claims a key, in one atomic step, for `leaseMs`. A claim whose lease is over belongs to nobody: the next one gets
   * it, with a higher token.
   * @throws when the store cannot be reached.
   */
  claim(key: string, fingerprint: string, leaseMs: number): Promise<Claim>;

  /**
   * Keeps the answer and ends the claim. False, and without effect, when another has taken the claim over.
   * Waiters of `settled` wake up.
   */
  complete(key: string, token: number, answer: KeptAnswer): Promise<boolean>;

  /** Frees a claimed key: the request had no effect. Without effect when another has taken the claim over. */
  release(key: string, token: number): Promise<void>;

  /** Resolves when the claim under way has ended in any way, or after `waitMs`. */
  settled(key: string, waitMs: number): Promise<void>;

  close(): Promise<void>;
}

export type Claim =
  /** The key is ours. `token` fences: it is higher than that of every earlier owner of this key. */
  | { readonly outcome: 'claimed'; readonly token: number }
  | { readonly outcome: 'in-progress'; readonly fingerprint: string }
  | { readonly outcome: 'answered'; readonly fingerprint: string; readonly answer: KeptAnswer };

/** An answer as it went out. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
