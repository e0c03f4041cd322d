/** What one kind of problem always says. The title is fixed per type (RFC 9457 § 3.1.3). */
interface ProblemType {
  readonly status: number;
  readonly title: string;
}

/**
 * Every problem the engine answers with, by the code that programs switch on. `docs/errors/<code>.md` tells how to
 * fix it, and the document's `type` is the address under which that page is served.
 */
export const PROBLEMS = {
  'malformed-request': { status: 400, title: 'The request is not well-formed.' },
  'validation-failed': { status: 400, title: 'The request does not have the required form.' },
  'idempotency-key-missing': { status: 400, title: 'This request needs an Idempotency-Key header.' },
  'idempotency-key-invalid': { status: 400, title: 'The Idempotency-Key header is not valid.' },
  'precondition-invalid': { status: 400, title: 'The precondition header is not valid.' },
  'cursor-invalid': { status: 400, title: 'The cursor is not one that a list has given.' },
  'webhook-rejected': { status: 400, title: 'The webhook is not authentic.' },
  unauthenticated: { status: 401, title: 'Authentication is required.' },
  'credentials-rejected': { status: 401, title: 'E-mail and password do not match an account.' },
  'payment-declined': { status: 402, title: 'The payment was refused.' },
  forbidden: { status: 403, title: 'You may not do this.' },
  'not-found': { status: 404, title: 'There is nothing here.' },
  'method-not-allowed': { status: 405, title: 'This address does not take this method.' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive.' },
  'sold-out': { status: 409, title: 'Not enough is left.' },
  'limit-reached': { status: 409, title: 'The limit per customer is reached.' },
  'sale-not-open': { status: 409, title: 'The sale takes no orders now.' },
  'order-step-not-allowed': { status: 409, title: 'The order does not allow this now.' },
  'payment-open': { status: 409, title: 'The outcome of an earlier payment is not known yet.' },
  'payment-attempts-exceeded': { status: 409, title: 'The order was tried to be paid too often.' },
  'capture-pending': { status: 409, title: 'The money is being captured.' },
  'amount-exceeded': { status: 409, title: 'That is more money than can be given back.' },
  'lines-exceeded': { status: 409, title: 'That is more units than can be given back.' },
  'endpoints-exceeded': { status: 409, title: 'The merchant has as many webhook endpoints as it may have.' },
  'collection-code-wrong': { status: 409, title: 'The collection code is not the one of this order.' },
  'request-in-progress': { status: 409, title: 'The same request is still under way.' },
  'already-exists': { status: 409, title: 'It already exists.' },
  'other-role': { status: 409, title: 'The account works in another role.' },
  'not-erasable': { status: 409, title: 'The account of an operator cannot be erased.' },
  'stock-below-promised': { status: 409, title: 'More than that is already held and sold.' },
  'wrong-status': { status: 409, title: 'Its status does not allow this.' },
  'redrive-running': { status: 409, title: 'Another redrive is under way.' },
  'not-a-test-sale': { status: 409, title: 'This works for test sales only.' },
  'precondition-failed': { status: 412, title: 'It has changed since you read it.' },
  'payload-too-large': { status: 413, title: 'The body is too large.' },
  'uri-too-long': { status: 414, title: 'The address is too long.' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON.' },
  'payment-mismatch': { status: 422, title: 'The event does not fit the payment.' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request.' },
  'precondition-required': { status: 428, title: 'This request needs an If-Match header.' },
  'rate-limited': { status: 429, title: 'Too many requests.' },
  'headers-too-large': { status: 431, title: 'The header fields are too large.' },
  'internal-error': { status: 500, title: 'Something went wrong on our side.' },
  overloaded: { status: 503, title: 'Too many requests are waiting.' },
  unavailable: { status: 503, title: 'The service cannot do this at the moment.' },
  'outcome-unknown': { status: 503, title: 'It is not known whether this took effect.' },
} as const satisfies Record<string, ProblemType>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemDetails {
  /** What happened this time and what to do, for people. Never SQL, paths or stacks. */
  readonly detail?: string;
  /** Seconds after which the same request may succeed. Goes out as `Retry-After`; leave out what may not be retried. */
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the document. */
  readonly extras?: Readonly<Record<string, unknown>>;
}

/** Thrown by what a route asks for and cannot go on without (a key, a precondition, a right). */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? PROBLEMS[code].title);
    this.name = 'ProblemError';
    this.code = code;
    this.details = details;
  }
}

/** What a document begins with, by the address of its type: made once, because a rush is mostly refusals. */
const beginnings = new Map<string, string>();

function beginningOf(publicUrl: string, code: ProblemCode): string {
  const type = `${publicUrl}/errors/${code}`;
  const known = beginnings.get(type);
  if (known !== undefined) return known;
  const { status, title } = PROBLEMS[code];
  const beginning = JSON.stringify({ type, title, status, code }).slice(0, -1);
  beginnings.set(type, beginning);
  return beginning;
}

/**
 * The JSON text of a problem document (RFC 9457), with the `code`, the id by which the log has the request, and the id of
 * its trace where it is sampled.
 */
export function problemDocument(
  publicUrl: string,
  code: ProblemCode,
  requestId: string,
  { detail, extras }: ProblemDetails,
  traceId?: string,
): string {
  const rest = JSON.stringify({ detail, requestId, traceId, ...extras });
  return `${beginningOf(publicUrl, code)},${rest.slice(1)}`;
}
