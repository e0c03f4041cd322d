import type { FastifyRequest } from 'fastify';
import { invalidRequest } from './invalid-request.ts';

/** For requests whose address says it all: lets no body and an empty object pass, and refuses what would be ignored. */
export function requireNoBody(request: FastifyRequest): void {
  const { body } = request;
  if (body === undefined || body === null) return;
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw invalidRequest([{ pointer: '', detail: 'must be absent or an empty object' }]);
  }
  const faults = Object.keys(body).map((member) => ({
    pointer: `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail: 'is not a known member',
  }));
  if (faults.length > 0) throw invalidRequest(faults);
}
