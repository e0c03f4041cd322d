import type { CallOptions, KeyedOptions } from '../call-options.ts';
import type { Body, ChangedStock, Item, Tagged } from '../documents.ts';
import type { Send } from '../send.ts';
import type { ReadSale } from './sales.ts';

/** What is sold in a sale. An item's `etag` is the one of its sale. */
export function createItems({ send }: { send: Send }) {
  return {
    /** Adds an item to a sale, also while it is open. */
    add: (saleId: string, item: Body<'addItem'>, options?: KeyedOptions): Promise<Tagged<Item>> =>
      send('addItem', { path: { saleId }, body: item }, options),

    /** An item with its stock, as it is now. */
    get: (saleId: string, itemId: string, options?: CallOptions): Promise<Tagged<Item>> =>
      send('getItem', { path: { saleId, itemId } }, options),

    /** Changes name, price or limit. Orders keep what they were placed at. @throws problem `precondition-failed` */
    change: (
      sale: ReadSale,
      itemId: string,
      changes: Body<'changeItem'>,
      options?: CallOptions,
    ): Promise<Tagged<Item>> =>
      send('changeItem', { path: { saleId: sale.id, itemId }, body: changes, ifMatch: sale.etag }, options),

    /** Sets the `capacity` of an item, or moves it by `adjustBy` units. For operators. @throws `stock-below-promised` */
    changeStock: (change: Body<'changeStock'>, options?: KeyedOptions): Promise<ChangedStock> =>
      send('changeStock', { body: change }, options),
  };
}
