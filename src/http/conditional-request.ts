import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from './problems.ts';

/** One entity tag of a list (RFC 9110 § 8.8.3), with the comma or the end behind it; the first group is `W/` for a weak one. */
const LISTED_TAG = /[ \t,]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[ \t,]*|$)/y;

interface EntityTags {
  readonly any: boolean;
  readonly tags: readonly { readonly weak: boolean; readonly tag: string }[];
}

function parseEntityTags(value: string, header: string): EntityTags {
  if (value.trim() === '*') return { any: true, tags: [] };
  const tags: EntityTags['tags'][number][] = [];
  const listed = new RegExp(LISTED_TAG);
  while (listed.lastIndex < value.length) {
    const match = listed.exec(value);
    const tag = match?.[2];
    if (tag === undefined) {
      throw new ProblemError('precondition-invalid', {
        detail: `${header} must be * or a list of quoted entity tags.`,
      });
    }
    tags.push({ weak: match?.[1] !== undefined, tag });
  }
  if (tags.length === 0) throw new ProblemError('precondition-invalid', { detail: `${header} is empty.` });
  return { any: false, tags };
}

/** The strong entity tag of something that has a version. */
export function versionTag(version: number | string): string {
  return `"${version}"`;
}

/**
 * Demands that the request's If-Match names the current tag, compared strongly (RFC 9110 § 13.1.1; a missing
 * precondition is RFC 6585's 428). `current` goes into the problem, so that a client sees what changed.
 */
export function requireIfMatch(
  request: FastifyRequest,
  matches: (tag: string) => boolean,
  current: Readonly<Record<string, unknown>>,
): void {
  const value = request.headers['if-match'];
  if (value === undefined) {
    throw new ProblemError('precondition-required', { detail: 'Send If-Match with the ETag that you read.' });
  }
  const { any, tags } = parseEntityTags(value, 'If-Match');
  if (any || tags.some(({ weak, tag }) => !weak && matches(tag))) return;
  throw new ProblemError('precondition-failed', { detail: 'Read it again and decide anew.', extras: current });
}

/** What the request's If-Match lets pass (RFC 9110 § 13.1.1, compared strongly); undefined where it has none. */
export function ifMatchOf(request: FastifyRequest): ((tag: string) => boolean) | undefined {
  const value = request.headers['if-match'];
  if (value === undefined) return undefined;
  const { any, tags } = parseEntityTags(value, 'If-Match');
  return (current) => any || tags.some(({ weak, tag }) => !weak && tag === current);
}

/** Whether the client has this representation already (RFC 9110 § 13.1.2): then 304 is the answer. */
export function isFresh(request: FastifyRequest, tag: string): boolean {
  const value = request.headers['if-none-match'];
  if (value === undefined) return false;
  const { any, tags } = parseEntityTags(value, 'If-None-Match');
  return any || tags.some((known) => known.tag === tag);
}

/** Sends the headers of a 304. */
export function replyNotModified(reply: FastifyReply, tag: string): FastifyReply {
  return reply.code(304).header('ETag', tag).send();
}
