import type { CallOptions, KeyedOptions } from './call-options.ts';
import type { Body, ConditionalOperationId, Content, KeyedOperationId, OperationId, Path, Query } from './documents.ts';
import { UnexpectedAnswerError } from './errors.ts';
import { OPERATIONS } from './operations.ts';
import type { RawInput, Request } from './request.ts';

/** The options of an operation. */
export type OptionsOf<Id extends OperationId> = Id extends KeyedOperationId ? KeyedOptions : CallOptions;

/** What an operation is asked for, as the OpenAPI document describes it. */
export type Input<Id extends OperationId> = (Path<Id> extends undefined ? unknown : { readonly path: Path<Id> }) &
  (Body<Id> extends undefined ? unknown : { readonly body?: Body<Id> | undefined }) &
  (Id extends ConditionalOperationId ? { readonly ifMatch: string } : unknown) & {
    readonly query?: Query<Id> | undefined;
  };

/** A success. */
export interface Answer<Document> {
  readonly data: Document;
  readonly status: number;
  readonly headers: Headers;
  /** The version of what was answered, where there is one. */
  readonly etag: string | undefined;
  /** The engine had answered this key before: the effect is that of an earlier request. */
  readonly replayed: boolean;
  readonly idempotencyKey: string | undefined;
}

/**
 * Calls an operation by its name in the OpenAPI document. Sent again is what cannot have a second effect: reads and
 * whatever has a key; other writes only where nothing was done.
 * @throws DoorbusterProblem, ConnectionError, UnexpectedAnswerError; the reason of an aborted signal
 */
export type Call = <Id extends OperationId>(
  id: Id,
  input: Input<Id>,
  options?: OptionsOf<Id>,
) => Promise<Answer<Content<Id>>>;

/** Makes the typed core of a client. */
export function createCall(request: Request): Call {
  return async (id, input, options) => {
    const { response, text, facts } = await request(id, { input: input as RawInput, options: options ?? {} });
    return {
      data: parseDocument(text, () => {
        const effectUnknown = !OPERATIONS[id].startsWith('GET');
        return new UnexpectedAnswerError({ ...facts, effectUnknown }, response.status, text);
      }),
      status: response.status,
      headers: response.headers,
      etag: response.headers.get('etag') ?? undefined,
      replayed: response.headers.get('idempotent-replayed') === 'true',
      idempotencyKey: facts.idempotencyKey,
    };
  };
}

/** A success without a body has no document. The types of documents are the engine's word, which is not checked again. */
function parseDocument<Document>(text: string, failure: () => UnexpectedAnswerError): Document {
  if (text === '') return undefined as Document;
  try {
    return JSON.parse(text) as Document;
  } catch {
    throw failure();
  }
}
