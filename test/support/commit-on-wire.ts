/**
 * How to know the answer of PostgreSQL that tells that what is asked here is committed, if it asks for that: by the
 * CommandComplete of a COMMIT (a simple query or a Parse message), or of the one statement that places orders by itself (a
 * Bind message names it), which has rows if it placed them.
 */
export function commitAnswerTo(request: Buffer): ((answer: Buffer) => boolean) | undefined {
  if (request.includes('COMMIT\0')) return (answer) => answer.includes('COMMIT\0');
  if (!request.includes('place_orders_optimistically\0')) return undefined;
  return (answer) => /SELECT [1-9]\d*\0/.test(answer.toString('latin1'));
}
