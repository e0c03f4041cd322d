import type { FastifyRequest } from 'fastify';
import type { SharedReads } from '../actions/shared-reads.ts';
import { ProblemError } from './problems.ts';

/** What a request asks for, read together with what others ask for. Throws the 503 where too many wait. */
export async function findShared<Value>(
  reads: SharedReads<Value>,
  request: FastifyRequest,
  id: string,
): Promise<Value | undefined> {
  const read = await reads.read(id, request.traceParent);
  if (read.outcome === 'found') return read.value;
  throw new ProblemError('overloaded', {
    detail: 'Too many wait to be answered. Retry.',
    retryAfterSeconds: 1,
    extras: { waiting: read.waiting },
  });
}
