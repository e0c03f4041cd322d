/**
 * The Redis side of stock: what the processes of an engine tell each other, so that whoever cannot get anything seldom
 * reaches the ledger's locks. It only advises, in both directions: `refuse` means "look first", anything else means
 * "ask the ledger". Every answer but a repeat's comes from the ledger, so a gate that has lost, forgotten or mixed up
 * everything costs speed and nothing else.
 */
export interface StockGate {
  /**
   * Advice on some attempts, in their order, in one round trip for each sale. Idempotent per operation.
   * @throws {RedisAwayError} while Redis is away.
   */
  admit(attempts: readonly Attempt[]): Promise<readonly Advice[]>;

  /**
   * Tells how attempts ended: their reservations are given back, and answers are kept for repeats. Batched and best
   * effort: it never throws, and what is lost is repaired by `reconcile`.
   */
  settle(endings: readonly Ending[]): void;

  /** Tells what the ledger has of some items, as a commit left it. The newest version wins, whatever comes last. */
  tell(stock: readonly LedgerStock[]): void;

  /**
   * Compares the gate with the ledger's stock of some items, read a moment ago: takes newer pairs in, replaces such as
   * the ledger cannot have written, and gives back reservations older than `leakedAfterMs`, each once.
   */
  reconcile(stock: readonly LedgerStock[], leakedAfterMs: number): Promise<Reconciled>;

  /** Sends what is still to be told, within a bounded time. */
  close(): Promise<void>;
}

/** One attempt to place an order. */
export interface Attempt {
  /** The order's id if it is accepted: one attempt, not the key. */
  readonly operationId: string;
  readonly saleId: string;
  readonly customerId: string;
  /** Who calls; scopes the key. */
  readonly placedBy: string;
  readonly idempotencyKey: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
}

export type Advice =
  /** This key has an order: its first answer. */
  | { readonly advice: 'answered'; readonly kept: KeptOrder }
  /** By all that is known there is not enough left, or the customer's limit is reached. */
  | { readonly advice: 'refuse' }
  /** Units are reserved for this operation. */
  | { readonly advice: 'reserved' }
  /** Nothing is known of an item, or only open reservations exhaust it. */
  | { readonly advice: 'unknown' };

/** An order as it was placed, for repeats. */
export interface KeptOrder {
  /** SHA-256 of the request that placed it, hex. */
  readonly fingerprint: string;
  /** JSON text, the caller's own. */
  readonly order: string;
}

/** How an attempt ended: with an order, or without. */
export interface Ending {
  readonly attempt: Attempt;
  readonly placed: KeptOrder | null;
}

/** What the ledger has of an item at one version of its row. */
export interface LedgerStock {
  readonly saleId: string;
  readonly itemId: string;
  readonly available: number;
  /** Raised by every change of the item's stock or definition. */
  readonly version: number;
  readonly limitPerCustomer: number | null;
}

export interface Reconciled {
  /** Units by which gate and ledger differed at the same version, and such as the ledger cannot have written. */
  readonly driftUnits: number;
  /** Items whose pair was repaired. */
  readonly repaired: number;
  /** Reservations that were given back because nobody had told how their attempt ended. */
  readonly leaked: number;
  /** Reservations that are open now. */
  readonly open: number;
}
