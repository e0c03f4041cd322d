import type { Call, Input, OptionsOf } from './call.ts';
import type { OperationId, Result } from './documents.ts';

/** Calls an operation and gives its document, with its `etag` where it has one. */
export type Send = <Id extends OperationId>(
  id: Id,
  input: Input<Id>,
  options: OptionsOf<Id> | undefined,
) => Promise<Result<Id>>;

export function createSend(call: Call): Send {
  return async <Id extends OperationId>(id: Id, input: Input<Id>, options: OptionsOf<Id> | undefined) => {
    const { data, etag } = await call(id, input, options);
    return (etag === undefined ? data : { ...(data as object), etag }) as Result<Id>;
  };
}

/** What tells the version that the caller has read. Documents of lists have no `etag`; where `version` makes it, that will do. */
export type Versioned =
  | { readonly version: number; readonly etag?: string | undefined }
  | { readonly etag: string; readonly version?: undefined };

/** What to send as If-Match. */
export function tagOf({ version, etag }: Versioned): string {
  return etag ?? `"${version}"`;
}
