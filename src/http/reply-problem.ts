import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type DatabaseFault, faultOf } from '../ledger/database-error.ts';
import { traceIdOf } from '../operations/trace-parent.ts';
import { PROBLEMS, type ProblemCode, type ProblemDetails, ProblemError, problemDocument } from './problems.ts';
import { validationProblem } from './validation.ts';

/** Answers with a problem document. */
export function replyProblem(reply: FastifyReply, code: ProblemCode, details: ProblemDetails = {}): FastifyReply {
  if (details.retryAfterSeconds !== undefined) {
    reply.header('Retry-After', String(Math.max(1, Math.ceil(details.retryAfterSeconds))));
  }
  if (details.headers !== undefined) reply.headers(details.headers);
  return reply
    .code(PROBLEMS[code].status)
    .type('application/problem+json')
    .serializer(asIs)
    .send(
      problemDocument(reply.server.publicUrl, code, reply.request.id, details, traceIdOf(reply.request.traceParent)),
    );
}

function asIs(text: unknown): string {
  return String(text);
}

/** Problems that Fastify itself finds, by its error codes. */
const FRAMEWORK_PROBLEMS: Readonly<Record<string, { code: ProblemCode; detail?: string }>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'unsupported-media-type', detail: 'Send Content-Type: application/json.' },
  FST_ERR_CTP_INVALID_TYPE: { code: 'unsupported-media-type', detail: 'Send Content-Type: application/json.' },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'payload-too-large' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'malformed-request', detail: 'The body is empty; send a JSON document.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'malformed-request', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'malformed-request',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_BAD_URL: { code: 'malformed-request', detail: 'The address is not validly encoded.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'uri-too-long' },
  FST_ERR_ASYNC_CONSTRAINT: { code: 'malformed-request' },
};

const LEDGER_FAULTS: readonly DatabaseFault[] = ['connection-lost', 'retryable', 'unable'];

/** The ledger is away or overloaded. Whether a change took effect is known only where nothing was to be changed. */
function replyLedgerFault(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  request.log.error({ err: error }, 'the ledger could not answer');
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (reads || faultOf(error) !== 'connection-lost') {
    return replyProblem(reply, 'unavailable', { detail: 'Nothing was done. Retry.', retryAfterSeconds: 2 });
  }
  return replyProblem(reply, 'outcome-unknown', {
    detail: 'It took effect or it did not. Retry with the same Idempotency-Key: the answer tells.',
    retryAfterSeconds: 2,
  });
}

/**
 * Fastify would close the connection while the client still writes, and so would Node for a client that asked to close;
 * it then sees a broken pipe instead of the answer (RFC 9112 § 9.6). Node reads the rest of a connection that is kept,
 * and drops it, for as long as a request may take.
 */
function letBodyEnd(request: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection');
  if (reply.raw.shouldKeepAlive) return;
  reply.raw.shouldKeepAlive = true;
  request.raw.once('end', () => request.raw.socket.end());
}

/** Maps whatever a route threw to a problem. What nobody expected is logged whole and answered without a detail. */
export function replyError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof ProblemError) return replyProblem(reply, error.code, error.details);
  if ('validation' in error && error.validation !== undefined) {
    return replyProblem(reply, 'validation-failed', validationProblem(error.validation, error.validationContext));
  }
  const known = 'code' in error ? FRAMEWORK_PROBLEMS[error.code] : undefined;
  if (known !== undefined) {
    if (known.code === 'payload-too-large') letBodyEnd(request, reply);
    return replyProblem(reply, known.code, known.detail === undefined ? {} : { detail: known.detail });
  }
  if (LEDGER_FAULTS.includes(faultOf(error))) return replyLedgerFault(error, request, reply);
  if ('statusCode' in error && error.statusCode === 400) return replyProblem(reply, 'malformed-request');
  request.log.error({ err: error }, 'request failed');
  return replyProblem(reply, 'internal-error', { detail: 'Tell the operator the requestId; the log has the rest.' });
}
