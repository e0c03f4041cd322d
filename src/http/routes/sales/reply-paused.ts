import type { FastifyReply, FastifyRequest } from 'fastify';
import { pauseSale } from '../../../actions/pause-sale.ts';
import type { Database } from '../../../ledger/database.ts';
import { requireNoBody } from '../../no-body.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { toSaleResource } from './sale-resource.ts';
import { requireSaleStaff } from './sale-staff.ts';
import { saleTag } from './sale-tag.ts';

/** Pauses or resumes a sale for its staff and answers with the sale. */
export async function replyPaused(
  request: FastifyRequest,
  reply: FastifyReply,
  database: Database,
  saleId: string,
  paused: boolean,
): Promise<FastifyReply> {
  requireNoBody(request);
  await requireSaleStaff(database, request, saleId);
  return replyOnce(request, reply, database, async (transaction) => {
    const sale = await pauseSale(transaction, saleId, paused);
    return { answer: jsonAnswer(200, toSaleResource(sale), { ETag: saleTag(sale) }) };
  });
}
