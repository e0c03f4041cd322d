import type { CallOptions, KeyedOptions } from '../call-options.ts';
import type { Body, DeadLetter, DeadLetterWithAttempts, Query, Redrive } from '../documents.ts';
import type { List, Listing } from '../listing.ts';
import type { Send } from '../send.ts';

interface Tools {
  readonly send: Send;
  readonly list: List;
}

/** What failed for good and waits for a person. For operators. */
export function createDeadLetters({ send, list }: Tools) {
  return {
    list: (query?: Query<'listDeadLetters'>, options?: CallOptions): Listing<DeadLetter> =>
      list('listDeadLetters', {}, query, options),

    /** A letter with its tries. */
    get: (letterId: string, options?: CallOptions): Promise<DeadLetterWithAttempts> =>
      send('getDeadLetter', { path: { letterId } }, options),

    /** Tries it anew. @throws problem `wrong-status` */
    redrive: (letterId: string, options?: KeyedOptions): Promise<DeadLetter> =>
      send('redriveDeadLetter', { path: { letterId } }, options),

    /** Gives it up, with the reason. @throws problem `wrong-status` */
    discard: (letterId: string, why: Body<'discardDeadLetter'>, options?: KeyedOptions): Promise<DeadLetter> =>
      send('discardDeadLetter', { path: { letterId }, body: why }, options),
  };
}

/** Many dead letters tried anew, so many per second. For operators. */
export function createRedrives({ send, list }: Tools) {
  return {
    /** Begins one, of all letters that fit. @throws problem `redrive-running` (`extras.redrive` is the other) */
    start: (which: Body<'startRedrive'>, options?: KeyedOptions): Promise<Redrive> =>
      send('startRedrive', { body: which }, options),

    get: (redriveId: string, options?: CallOptions): Promise<Redrive> =>
      send('getRedrive', { path: { redriveId } }, options),

    list: (query?: Query<'listRedrives'>, options?: CallOptions): Listing<Redrive> =>
      list('listRedrives', {}, query, options),

    cancel: (redriveId: string, options?: KeyedOptions): Promise<Redrive> =>
      send('cancelRedrive', { path: { redriveId } }, options),
  };
}
