import type { FastifyRequest } from 'fastify';
import type { CatalogueSale } from '../../../ledger/sale-catalogue.ts';
import { requireIfMatch, versionTag } from '../../conditional-request.ts';

type Tagged = Pick<CatalogueSale, 'version' | 'status'> & {
  readonly items: readonly Pick<CatalogueSale['items'][number], 'version'>[];
};

/**
 * The strong entity tag of a sale: `"<definition>.<stock>.<status>"`. It changes whenever anything that is shown
 * changes: the definition raises the sale's version, stock that moves raises its item's (items are never removed, so
 * the sum of their versions only grows), and the clock alone moves nothing but the status.
 *
 * As a precondition only the first part counts (`requireSameDefinition`).
 */
export function saleTag(sale: Tagged): string {
  const stock = sale.items.reduce((sum, item) => sum + item.version, 0);
  return versionTag(`${sale.version}.${stock}.${sale.status}`);
}

const SALE_TAG = /^"(\d+)\.\d+\.[a-z_]+"$/;

/**
 * Demands that If-Match names a tag of the sale's present definition. Whoever changes a price has read the definition;
 * the stock that moved since then is nobody's edit. Were it counted, no sale could be changed during its rush.
 * Looser than RFC 9110 § 13.1.1, which compares tags whole: every tag that the RFC would accept is accepted, and some
 * that it would not.
 */
export function requireSameDefinition(request: FastifyRequest, sale: CatalogueSale): void {
  requireIfMatch(request, (tag) => SALE_TAG.exec(tag)?.[1] === String(sale.version), {
    saleStatus: sale.status,
    version: sale.version,
    currentTag: saleTag(sale),
  });
}
