import { invalidRequest } from '../../invalid-request.ts';

/** What is wrong with an address to which events are to be sent, or undefined. */
export type FindTargetFault = (url: string) => Promise<string | undefined>;

/**
 * Refuses an address to which nothing will be sent. Before any transaction: it may ask a name server, and a slow one must
 * not keep a connection to the ledger.
 */
export async function requireGoodTarget(findTargetFault: FindTargetFault, url: string | undefined): Promise<void> {
  const fault = url === undefined ? undefined : await findTargetFault(url);
  if (fault !== undefined) throw invalidRequest([{ pointer: '/url', detail: fault }]);
}
