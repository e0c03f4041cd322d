/**
 * What a failed statement means for the one who ran it. SQLSTATE classes are PostgreSQL's
 * (documentation, appendix A).
 */
export type DatabaseFault =
  /** Serialization failure, deadlock or lock time-out: nothing was written, the same again may succeed. */
  | 'retryable'
  /** Classes 22 and 23: this data can never be written. */
  | 'bad-data'
  /** The connection broke: what was sent last may or may not have happened. */
  | 'connection-lost'
  /** The server cannot do it now: disk full, out of memory, a time-out, a standby that only reads. Nothing was written. */
  | 'unable'
  /** Anything else that the database says: a defect of ours. */
  | 'other'
  /** The database said nothing: a defect in our own code. */
  | 'not-database';

const RETRYABLE = new Set(['40001', '40P01', '55P03']);

/** 08: connection exceptions. 57P01 to 57P05: the server ends the session. 25P03, 25P04: it ended an idle or long one. */
const CONNECTION = /^(08...|57P0[1-5]|25P0[34])$/;

/** 53 and 58: resources and the system under it. 57014: cancelled by a time-out. 25006: read-only. */
const UNABLE = /^(53...|58...|57014|25006)$/;

const SOCKET_CODES = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN']);

/** node-postgres reports a broken socket without a code, only in words. */
const CONNECTION_WORDS =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed/;

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Sorts an error of the database driver into what can be done about it. */
export function faultOf(error: unknown): DatabaseFault {
  const code = codeOf(error);
  if (code !== undefined) {
    if (RETRYABLE.has(code)) return 'retryable';
    if (CONNECTION.test(code) || SOCKET_CODES.has(code)) return 'connection-lost';
    if (/^2[23]/.test(code)) return 'bad-data';
    // Too many connections: the same request may succeed in a moment.
    if (code === '53300') return 'connection-lost';
    return UNABLE.test(code) ? 'unable' : 'other';
  }
  return error instanceof Error && CONNECTION_WORDS.test(error.message) ? 'connection-lost' : 'not-database';
}

/** The name of the unique constraint that a statement violated, if that is what happened (SQLSTATE 23505). */
export function violatedUniqueKey(error: unknown): string | undefined {
  if (codeOf(error) !== '23505') return undefined;
  return error instanceof Object && 'constraint' in error ? String(error.constraint) : undefined;
}
