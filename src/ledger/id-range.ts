/** Before every id, and after every id: where a list ordered by id begins. */
export const ID_MIN = '00000000-0000-0000-0000-000000000000';
export const ID_MAX = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Before every UUIDv7 that is made from a moment on (RFC 9562 § 5.7: it begins with the milliseconds since 1970). */
export function firstIdAt(time: Date): string {
  const ms = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-0000-0000-000000000000`;
}
