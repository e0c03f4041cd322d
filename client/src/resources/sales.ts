import type { CallOptions, KeyedOptions } from '../call-options.ts';
import type { Body, Query, Sale, Tagged } from '../documents.ts';
import type { List, Listing } from '../listing.ts';
import type { Send } from '../send.ts';

/** A sale as the caller has read it. A sale of a list has no `etag`: get it first. */
export interface ReadSale {
  readonly id: string;
  readonly etag: string;
}

/** Sales: windows in which limited stock is sold first come, first served. */
export function createSales({ send, list }: { send: Send; list: List }) {
  return {
    /** Makes a sale with its items. Prices in minor units, times in RFC 3339. */
    create: (sale: Body<'createSale'>, options?: KeyedOptions): Promise<Tagged<Sale>> =>
      send('createSale', { body: sale }, options),

    /** A sale with its items and their stock, as they are now. */
    get: (saleId: string, options?: CallOptions): Promise<Tagged<Sale>> =>
      send('getSale', { path: { saleId } }, options),

    /** Lists sales. */
    list: (query?: Query<'listSales'>, options?: CallOptions): Listing<Sale> => list('listSales', {}, query, options),

    /** Changes what is given. @throws problem `precondition-failed` if somebody else changed the sale since it was read */
    change: (sale: ReadSale, changes: Body<'changeSale'>, options?: CallOptions): Promise<Tagged<Sale>> =>
      send('changeSale', { path: { saleId: sale.id }, body: changes, ifMatch: sale.etag }, options),

    /** Takes no more orders until it is resumed. */
    pause: (saleId: string, options?: KeyedOptions): Promise<Tagged<Sale>> =>
      send('pauseSale', { path: { saleId } }, options),

    /** Takes orders again. */
    resume: (saleId: string, options?: KeyedOptions): Promise<Tagged<Sale>> =>
      send('resumeSale', { path: { saleId } }, options),
  };
}
