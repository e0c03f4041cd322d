import type { Call, Input } from './call.ts';
import type { CallOptions } from './call-options.ts';
import type { Listed, ListOperationId, Page, Query } from './documents.ts';

/**
 * A list, read as it is walked through: `for await (const order of client.orders.list())`. Nothing is asked for before
 * that; each walk begins anew.
 */
export interface Listing<Document> extends AsyncIterable<Document> {
  /** The same list by pages, from the one that the query's `cursor` names. */
  pages(): AsyncIterable<Page<Document>>;
  /** One page: the first, or the one that the query's `cursor` names. */
  page(): Promise<Page<Document>>;
}

export type List = <Id extends ListOperationId>(
  id: Id,
  input: Omit<Input<Id>, 'query'>,
  query: Query<Id> | undefined,
  options: CallOptions | undefined,
) => Listing<Listed<Id>>;

export function createList(call: Call): List {
  return <Id extends ListOperationId>(
    id: Id,
    input: Omit<Input<Id>, 'query'>,
    query: Query<Id> | undefined,
    options: CallOptions | undefined,
  ): Listing<Listed<Id>> => {
    async function read(cursor: string | undefined): Promise<Page<Listed<Id>>> {
      const asked = cursor === undefined ? query : { ...query, cursor };
      const { data } = await call(id, { ...input, query: asked } as Input<Id>, options as never);
      return data as Page<Listed<Id>>;
    }

    async function* pages(): AsyncGenerator<Page<Listed<Id>>, void, undefined> {
      let cursor: string | undefined;
      do {
        const page = await read(cursor);
        yield page;
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
    }

    return {
      pages,
      page: () => read(undefined),
      async *[Symbol.asyncIterator]() {
        for await (const { data } of pages()) yield* data;
      },
    };
  };
}
