export type Role = 'customer' | 'merchant' | 'courier' | 'operator';

/** Who makes a request, after authentication. */
export type Caller =
  | {
      readonly kind: 'account';
      readonly accountId: string;
      readonly role: Role;
      /** Test buyers of a rehearsal may order in this sale only; null for everybody else. */
      readonly onlySaleId: string | null;
      /**
       * Only for somebody whom an outside issuer vouches for, who has no account here: the merchants that this person
       * works for in its role. Own accounts are looked up among the members of merchants instead.
       */
      readonly merchantIds?: readonly string[];
    }
  /** A shop's own back end, by its API key: it acts for its merchant. */
  | { readonly kind: 'shop'; readonly merchantId: string; readonly apiKeyId: string };

/** Scopes idempotency keys: an account, or the merchant whose back end calls (so that a key outlives an API key's rotation). */
export function callerId(caller: Caller): string {
  return caller.kind === 'account' ? caller.accountId : caller.merchantId;
}
