import { type Static, Type } from 'typebox';
import type { ApiKey } from '../../../ledger/api-keys.ts';
import { Uuid } from '../../uuid.ts';

const FIELDS = {
  id: Uuid,
  merchantId: Uuid,
  name: Type.String(),
  createdAt: Type.String({ format: 'date-time' }),
  revokedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description: 'Null while it is good.' }),
};

export const ApiKeyResource = Type.Object(FIELDS, { $id: 'ApiKey', title: 'API key' });

/** A key as the answer that makes it shows it. */
export const NewApiKeyResource = Type.Object(
  {
    ...FIELDS,
    secret: Type.Union([Type.String(), Type.Null()], {
      description: 'The key itself, for Authorization: Bearer. Shown this once: a repeat has null in its place.',
    }),
  },
  { $id: 'NewApiKey', title: 'New API key' },
);

export function toApiKeyResource(key: ApiKey): Static<typeof ApiKeyResource> {
  return { ...key, createdAt: key.createdAt.toISOString(), revokedAt: key.revokedAt?.toISOString() ?? null };
}

export function toNewApiKeyResource(key: ApiKey, secret: string | null): Static<typeof NewApiKeyResource> {
  return { ...toApiKeyResource(key), secret };
}
