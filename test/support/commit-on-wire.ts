/**
 * Which answer of PostgreSQL will tell that what is asked here is committed, if it asks for that: the CommandComplete of
 * a COMMIT (a simple query or a Parse message), or of the one statement that places orders by itself (a Bind message
 * names it).
 */
export function commitAnswerTo(request: Buffer): string | undefined {
  if (request.includes('COMMIT\0')) return 'COMMIT\0';
  return request.includes('place_orders_optimistically\0') ? 'UPDATE 1\0' : undefined;
}
