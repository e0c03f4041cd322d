import type { CallOptions, KeyedOptions } from '../call-options.ts';
import type { Account, Body, ErasedAccount, OutsideAccount, Query, Session } from '../documents.ts';
import type { List, Listing } from '../listing.ts';
import type { Send } from '../send.ts';

/** People, and how they come in. */
export function createAccounts({ send, list }: { send: Send; list: List }) {
  return {
    /** Registers a customer. Not sent again after a lost answer: `already-exists` then tells that it had succeeded. */
    register: (account: Body<'registerAccount'>, options?: CallOptions): Promise<Account> =>
      send('registerAccount', { body: account }, options),

    /** Opens a session: `accessToken`, good for `expiresInSeconds`. @throws problem `credentials-rejected` */
    logIn: (credentials: Body<'logIn'>, options?: CallOptions): Promise<Session> =>
      send('logIn', { body: credentials }, options),

    /** Who the token belongs to. */
    me: (options?: CallOptions): Promise<Account | OutsideAccount> => send('getOwnAccount', {}, options),

    /** Makes an account of any role. For operators. */
    create: (account: Body<'createAccount'>, options?: KeyedOptions): Promise<Account> =>
      send('createAccount', { body: account }, options),

    /** Lists all accounts. For operators. */
    list: (query?: Query<'listAccounts'>, options?: CallOptions): Listing<Account> =>
      list('listAccounts', {}, query, options),

    /** Erases a person's data. Orders stay, without them. */
    erase: (accountId: string, options?: KeyedOptions): Promise<ErasedAccount> =>
      send('eraseAccount', { path: { accountId } }, options),
  };
}
