import type { Input, OptionsOf } from '../call.ts';
import type { CallOptions, KeyedOptions } from '../call-options.ts';
import type {
  Body,
  CollectionCode,
  ConditionalOperationId,
  HistoryEntry,
  Order,
  Query,
  Result,
  Tagged,
} from '../documents.ts';
import type { List, Listing } from '../listing.ts';
import type { Request } from '../request.ts';
import { type Send, tagOf, type Versioned } from '../send.ts';
import type { Watch, WatchOptions } from '../watch.ts';

/** An order that the caller has read: any result, an order of a list, or its id with an ETag (`*`: whatever it is now). */
export type ReadOrder = { readonly id: string } & Versioned;

/** An entry of an order's history as it came over a stream. */
export interface OrderEvent {
  /** What to go on from as `lastEventId`: the version of the order that the event made. */
  readonly id: string;
  readonly type: string;
  readonly data: HistoryEntry;
}

type OrderStepId = Extract<ConditionalOperationId, `${string}Order`>;

/** Orders, from placing to the end. Steps want the order as the caller has read it: `precondition-failed` if it has changed. */
export function createOrders(tools: { send: Send; list: List; watch: Watch; request: Request }) {
  const { send, list, watch, request } = tools;

  function step<Id extends OrderStepId>(
    id: Id,
    order: ReadOrder,
    body: Body<Id> | undefined,
    options: KeyedOptions | undefined,
  ): Promise<Result<Id>> {
    const input = { path: { orderId: order.id }, body, ifMatch: tagOf(order) };
    return send(id, input as unknown as Input<Id>, options as OptionsOf<Id> | undefined);
  }

  return {
    /**
     * Places an order: all of its lines or none, first come, first served. Resolves when the order is durable.
     * @throws problems `sold-out`, `limit-reached`, `sale-not-open`: nothing was taken, and this key has no order
     */
    place: (order: Body<'placeOrder'>, options?: KeyedOptions): Promise<Tagged<Order>> =>
      send('placeOrder', { body: order }, options),

    /** Reads an order. `include`: `payments`, `refunds`, `history`, `sale`, with commas between. */
    get: (orderId: string, query?: Query<'getOrder'>, options?: CallOptions): Promise<Tagged<Order>> =>
      send('getOrder', { path: { orderId }, query }, options),

    /** Lists the orders that the caller may see and that fit all filters. */
    list: (query?: Query<'listOrders'>, options?: CallOptions): Listing<Order> =>
      list('listOrders', {}, query, options),

    /**
     * Pays, by the provider's token of a means of payment. The order stays `payment_processing` with
     * `payments[0].nextAction` where the customer must do something at the provider.
     * @throws problems `payment-declined` (nothing was charged; try again with a new key), `payment-open`
     */
    pay: (order: ReadOrder, payment: Body<'payOrder'>, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('payOrder', order, payment, options),

    /** The kitchen takes a paid order; its money is captured. */
    accept: (order: ReadOrder, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('acceptOrder', order, undefined, options),

    /** The kitchen turns a paid order down; its money goes back. `soldOut`: its units do not go back on sale. */
    reject: (order: ReadOrder, why?: Body<'rejectOrder'>, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('rejectOrder', order, why, options),

    /** The kitchen is done. */
    prepare: (order: ReadOrder, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('prepareOrder', order, undefined, options),

    /** A courier takes the order along; with `collectionCode` the customer has collected it. */
    pickUp: (order: ReadOrder, handover?: Body<'pickUpOrder'>, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('pickUpOrder', order, handover, options),

    /** A courier has brought it. @throws problem `collection-code-wrong` */
    deliver: (order: ReadOrder, handover?: Body<'deliverOrder'>, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('deliverOrder', order, handover, options),

    /** An order of a drop was handed over or sent. @throws problem `collection-code-wrong` */
    fulfill: (order: ReadOrder, handover?: Body<'fulfillOrder'>, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('fulfillOrder', order, handover, options),

    /** Cancels. Units go back on sale and money goes back, after preparation as `restock` and `retainMinor` say. */
    cancel: (order: ReadOrder, how?: Body<'cancelOrder'>, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('cancelOrder', order, how, options),

    /** Gives money back: `amountMinor`, certain lines, or all that is left. @throws `amount-exceeded`, `lines-exceeded` */
    refund: (order: ReadOrder, refund: Body<'refundOrder'>, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('refundOrder', order, refund, options),

    /** Lets an expired order be paid after all. @throws problems `sold-out`, `limit-reached` */
    reinstate: (order: ReadOrder, options?: KeyedOptions): Promise<Tagged<Order>> =>
      step('reinstateOrder', order, undefined, options),

    /** The code by which the customer gets the order, for its owner. */
    collectionCode: (orderId: string, options?: CallOptions): Promise<CollectionCode> =>
      send('getCollectionCode', { path: { orderId } }, options),

    /** The orders that fit all filters as CSV (UTF-8, RFC 4180), while the engine reads them. Abort it by `signal`. */
    export: async (query?: Query<'exportOrders'>, options: CallOptions = {}): Promise<ReadableStream<Uint8Array>> => {
      const { response } = await request('exportOrders', {
        input: { query },
        options,
        headers: { accept: 'text/csv' },
        endless: true,
      });
      return response.body ?? new ReadableStream({ start: (stream) => stream.close() });
    },

    /**
     * Follows an order: its history so far (after `lastEventId`), then each step within half a second, over lost
     * connections and restarts of the engine. It goes on until the caller leaves the loop or aborts `signal`.
     * @throws problem `not-found` when the order is no longer the caller's to see
     */
    async *watch(orderId: string, options?: WatchOptions): AsyncGenerator<OrderEvent, void, undefined> {
      for await (const { lastEventId, type, data } of watch('streamOrderEvents', { path: { orderId } }, options)) {
        yield { id: lastEventId, type, data: JSON.parse(data) as HistoryEntry };
      }
    },
  };
}
