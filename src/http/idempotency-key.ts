import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problems.ts';

/** 1 to 255 visible ASCII characters. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** A structured-field string (RFC 8941 § 3.3.3): quoted, with \" and \\ as the only escapes. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The request's Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07). The bare and the quoted form are the
 * same key. Two such headers arrive joined by ", " and fail, because a key has no blanks.
 */
export function idempotencyKeyOf(request: FastifyRequest): string {
  const header = request.headers['idempotency-key'];
  const value = typeof header === 'string' ? header : undefined;
  if (value === undefined || value.trim() === '') {
    throw new ProblemError('idempotency-key-missing', {
      detail: 'Send an Idempotency-Key of your own choosing, new for each intent and the same for each retry.',
    });
  }
  const key = value.startsWith('"') ? QUOTED.exec(value)?.[1]?.replaceAll(/\\(.)/g, '$1') : value;
  if (key === undefined || !KEY.test(key)) {
    throw new ProblemError('idempotency-key-invalid', {
      detail: 'The key must be 1 to 255 visible ASCII characters, bare or as one quoted string, in one header.',
    });
  }
  return key;
}

/** A JSON value with the members of its objects in order, so that the same request has one text (after RFC 8785). */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  // Every order passes here: plain loops, no arrays of pairs.
  let text = '';
  if (Array.isArray(value)) {
    for (const member of value) text += `${text === '' ? '' : ','}${canonicalJson(member)}`;
    return `[${text}]`;
  }
  for (const name of Object.keys(value).sort()) {
    const member = canonicalJson((value as Readonly<Record<string, unknown>>)[name]);
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${member}`;
  }
  return `{${text}}`;
}

/**
 * What makes two requests the same: operation, query and the parsed body, or what of it may be kept.
 * SHA-256, hex.
 */
export function fingerprintOf(request: FastifyRequest, body: unknown = request.body ?? null): string {
  const query = canonicalJson(request.query ?? {});
  return hash('sha256', `${operationOf(request)}\n${query}\n${canonicalJson(body)}`);
}

/** The operation that scopes a key: method and address, without the query. Ids are the same in any letter case. */
export function operationOf(request: FastifyRequest): string {
  const [path] = request.url.split('?', 1);
  return `${request.method} ${path?.toLowerCase()}`;
}
