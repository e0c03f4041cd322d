import type { FastifyRequest } from 'fastify';
import type { AuditNote } from '../actions/answer-once.ts';
import { callerId } from '../domain/caller.ts';
import type { AuditRecord } from '../ledger/audit-log.ts';
import { callerOf } from './authentication.ts';

/**
 * What the audit log keeps of a request that changes something: who, which operation, and its address unless `note`
 * names a better one. Of the body only what `note` says.
 */
export function auditRecordOf(request: FastifyRequest, note: AuditNote = {}): AuditRecord {
  const caller = callerOf(request);
  const { operationId } = request.routeOptions.schema ?? {};
  if (operationId === undefined) throw new Error('Only described routes change anything.');
  return {
    actorId: callerId(caller),
    action: operationId,
    target: note.target ?? addressOf(request),
    merchantId: note.merchantId ?? merchantOf(request) ?? null,
    details: { ...note.details, ...(caller.kind === 'shop' ? { apiKeyId: caller.apiKeyId } : {}) },
    requestId: request.id,
  };
}

/** The names of a body's members: what was changed, and not to what. */
export function memberNames(body: object): { readonly members: readonly string[] } {
  return { members: Object.keys(body).sort() };
}

/** Ids are the same in any letter case. */
function addressOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '').toLowerCase();
}

function merchantOf(request: FastifyRequest): string | undefined {
  return (request.params as { readonly merchantId?: string }).merchantId?.toLowerCase();
}
