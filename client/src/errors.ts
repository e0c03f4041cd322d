import type { ProblemCode, ProblemDocument } from './documents.ts';
import type { ProblemExtras } from './problem-extras.ts';

/** What every error of a call tells, whatever went wrong. */
export interface CallFacts {
  /** The operation, by its name in the OpenAPI document. */
  readonly operation: string;
  /** How many times the request was sent. */
  readonly attempts: number;
  /** The key of the intent. Call again with it, as long as it is not known what became of the intent. */
  readonly idempotencyKey: string | undefined;
  /**
   * The intent may have taken effect: an answer got lost, and no later one told. False where it surely had none, and for
   * reads. Where it is true, ask again with the same `idempotencyKey`: the answer tells.
   */
  readonly effectUnknown: boolean;
}

/** Every call that fails throws one of its three kinds; an aborted one throws the reason of its signal. */
export abstract class DoorbusterError extends Error implements CallFacts {
  readonly operation: string;
  readonly attempts: number;
  readonly idempotencyKey: string | undefined;
  readonly effectUnknown: boolean;

  constructor(message: string, facts: CallFacts, options?: ErrorOptions) {
    super(message, options);
    this.operation = facts.operation;
    this.attempts = facts.attempts;
    this.idempotencyKey = facts.idempotencyKey;
    this.effectUnknown = facts.effectUnknown;
  }
}

/** No answer came: no connection, a lost one, or a time-out. `cause` has the last failure. */
export class ConnectionError extends DoorbusterError {
  override readonly name = 'ConnectionError';

  constructor(facts: CallFacts, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${facts.operation}: no answer (${reason})`, facts, { cause });
  }
}

/** Something else than the engine answered: a proxy, or another server at this address. */
export class UnexpectedAnswerError extends DoorbusterError {
  override readonly name = 'UnexpectedAnswerError';
  /** HTTP status; 0 for a redirect that a browser hides. */
  readonly status: number;
  /** The beginning of the body, up to 1,000 characters. */
  readonly body: string;

  constructor(facts: CallFacts, status: number, body: string) {
    super(`${facts.operation}: ${status} without a document of the engine`, facts);
    this.status = status;
    this.body = body.slice(0, 1_000);
  }
}

/** The engine said no (RFC 9457). `isProblem` narrows it to a code. */
export class DoorbusterProblem<Code extends ProblemCode = ProblemCode> extends DoorbusterError {
  override readonly name = 'DoorbusterProblem';
  /** What programs switch on. A newer engine may know more codes than these types: keep a default. */
  readonly code: Code;
  /** HTTP status. */
  readonly status: number;
  /** The page that tells how to fix it. */
  readonly type: string;
  readonly title: string;
  /** What happened this time and what to do, for people. */
  readonly detail: string | undefined;
  /** By which the engine's log has the request. */
  readonly requestId: string;
  /** Of its trace, where that is sampled. */
  readonly traceId: string | undefined;
  /** What is wrong with the request, by JSON pointer (RFC 6901); empty where it is not about that. */
  readonly errors: NonNullable<ProblemDocument['errors']>;
  /** After which the same request may succeed; undefined where it says nothing about that. */
  readonly retryAfterSeconds: number | undefined;
  /** The present ETag of what it was about, where the answer had one. */
  readonly etag: string | undefined;
  /** Whatever else the document says, by its code. */
  readonly extras: ProblemExtras<Code>;

  constructor(
    facts: CallFacts,
    document: ProblemDocument,
    headers: { retryAfterSeconds: number | undefined; etag: string | undefined },
  ) {
    const { type, title, status, code, detail, requestId, traceId, errors = [], ...extras } = document;
    super(`${facts.operation}: ${detail ?? title} (${status} ${code})`, facts);
    this.code = code as Code;
    this.status = status;
    this.type = type;
    this.title = title;
    this.detail = detail;
    this.requestId = requestId;
    this.traceId = traceId;
    this.errors = errors;
    this.retryAfterSeconds = headers.retryAfterSeconds;
    this.etag = headers.etag;
    this.extras = extras as ProblemExtras<Code>;
  }
}

/** All problems as a union that `switch (problem.code)` takes apart. */
export type AnyProblem<Codes extends ProblemCode = ProblemCode> = {
  [Code in Codes]: DoorbusterProblem<Code>;
}[Codes];

/** Whether an error is a problem that the engine told, and one of these codes if any are given. */
export function isProblem<Code extends ProblemCode = ProblemCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is AnyProblem<Code> {
  if (!(error instanceof DoorbusterProblem)) return false;
  return codes.length === 0 || (codes as readonly ProblemCode[]).includes(error.code);
}
