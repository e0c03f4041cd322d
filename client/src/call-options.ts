import type { OperationId } from './documents.ts';
import type { DoorbusterError } from './errors.ts';
import type { RetryOptions } from './retry-delay.ts';

/** A request that is about to be sent again. */
export interface RetryNotice {
  readonly operation: OperationId;
  /** The try that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: DoorbusterError;
}

/** How one call is made. What is left out is as the client was made. */
export interface CallOptions {
  /** Ends the call at any moment, also between two tries; it then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** For each try, its whole answer included. Default 30,000: longer than the engine thinks about anything. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: Partial<RetryOptions> | undefined;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
}

/** How an intent is called for. */
export interface KeyedOptions extends CallOptions {
  /**
   * The intent's key, 1 to 255 visible ASCII characters. Without one the call makes its own and keeps it over its tries.
   * Give one that you have stored, and the intent has one effect over reloads and restarts too.
   */
  readonly idempotencyKey?: string | undefined;
}
