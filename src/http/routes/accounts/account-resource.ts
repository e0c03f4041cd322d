import { type Static, Type } from 'typebox';
import type { Account } from '../../../ledger/accounts.ts';
import { Uuid } from '../../uuid.ts';

/** How an account is shown: never with its password. */
export const AccountResource = Type.Object(
  {
    id: Uuid,
    email: Type.String(),
    name: Type.Union([Type.String(), Type.Null()]),
    role: Type.Enum(['customer', 'merchant', 'courier', 'operator']),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Account', title: 'Account' },
);

/** Somebody whom an outside issuer vouches for: only what its token says is known. */
export const OutsideAccountResource = Type.Object(
  {
    id: Uuid,
    role: AccountResource.properties.role,
    merchantIds: Type.Array(Uuid, { description: 'Whom the person works for, as staff or courier.' }),
  },
  { $id: 'OutsideAccount', title: 'OutsideAccount' },
);

export function toAccountResource(account: Account): Static<typeof AccountResource> {
  return { ...account, createdAt: account.createdAt.toISOString() };
}

export const EmailField = Type.String({ format: 'email', maxLength: 254 });

/** What an account is made of. */
export const ACCOUNT_FIELDS = {
  email: EmailField,
  password: Type.String({ minLength: 10, maxLength: 200, description: 'At least 10 characters.' }),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$' })),
};
