import { type Static, Type } from 'typebox';
import { REDRIVE_STATUSES, type Redrive } from '../../../ledger/redrives.ts';
import { Uuid } from '../../uuid.ts';
import { LETTER_FILTER_FIELDS, letterFilterOf } from './dead-letter-filter.ts';

const Timestamp = Type.String({ format: 'date-time' });

export const RedriveResource = Type.Object(
  {
    id: Uuid,
    status: Type.Enum([...REDRIVE_STATUSES]),
    filter: Type.Object(LETTER_FILTER_FIELDS, { description: 'Which letters; empty: all.' }),
    perSecond: Type.Integer(),
    matched: Type.Integer({ description: 'Letters that were dead when it was made.' }),
    redriven: Type.Integer({ description: 'Letters that it has redriven. What came of each stands in the letter.' }),
    left: Type.Integer({
      description: 'Letters that wait for it. They may become fewer by themselves, when one is redriven or discarded.',
    }),
    requestedBy: Uuid,
    createdAt: Timestamp,
    endedAt: Type.Union([Timestamp, Type.Null()]),
  },
  { $id: 'Redrive', title: 'Redrive' },
);

export function toRedriveResource({ filter, createdAt, endedAt, ...rest }: Redrive): Static<typeof RedriveResource> {
  return {
    ...rest,
    filter: letterFilterOf(filter),
    createdAt: createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}
