import type { CallOptions, KeyedOptions } from '../call-options.ts';
import type { ApiKey, Body, ErasedCustomer, Member, Merchant, NewApiKey, Query } from '../documents.ts';
import type { List, Listing } from '../listing.ts';
import type { Send } from '../send.ts';

interface Tools {
  readonly send: Send;
  readonly list: List;
}

/** Merchants, who own sales. */
export function createMerchants({ send, list }: Tools) {
  return {
    /** Makes a merchant. For operators. */
    create: (merchant: Body<'createMerchant'>, options?: KeyedOptions): Promise<Merchant> =>
      send('createMerchant', { body: merchant }, options),

    /** Lists the merchants that the caller works for; operators see all. */
    list: (query?: Query<'listMerchants'>, options?: CallOptions): Listing<Merchant> =>
      list('listMerchants', {}, query, options),

    /** Erases what is known of a customer who ordered by the merchant's own back end, by that back end's id. */
    eraseCustomer: (
      merchantId: string,
      customer: Body<'eraseCustomer'>,
      options?: KeyedOptions,
    ): Promise<ErasedCustomer> => send('eraseCustomer', { path: { merchantId }, body: customer }, options),
  };
}

/** Who works for a merchant, as staff or courier. */
export function createMembers({ send, list }: Tools) {
  return {
    add: (merchantId: string, member: Body<'addMember'>, options?: KeyedOptions): Promise<Member> =>
      send('addMember', { path: { merchantId }, body: member }, options),

    list: (merchantId: string, query?: Query<'listMembers'>, options?: CallOptions): Listing<Member> =>
      list('listMembers', { path: { merchantId } }, query, options),

    /** Not sent again after a lost answer: `not-found` then tells that it had succeeded. */
    remove: (merchantId: string, accountId: string, options?: CallOptions): Promise<void> =>
      send('removeMember', { path: { merchantId, accountId } }, options),
  };
}

/** Keys by which a merchant's own back end calls. */
export function createApiKeys({ send, list }: Tools) {
  return {
    /** Makes a key. Its `secret` is shown this once: a repeat of the call has null in its place. */
    create: (merchantId: string, key: Body<'createApiKey'>, options?: KeyedOptions): Promise<NewApiKey> =>
      send('createApiKey', { path: { merchantId }, body: key }, options),

    list: (merchantId: string, query?: Query<'listApiKeys'>, options?: CallOptions): Listing<ApiKey> =>
      list('listApiKeys', { path: { merchantId } }, query, options),

    revoke: (merchantId: string, apiKeyId: string, options?: CallOptions): Promise<void> =>
      send('revokeApiKey', { path: { merchantId, apiKeyId } }, options),
  };
}
