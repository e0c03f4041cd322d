import { Type } from 'typebox';
import { QUANTITY_MAX } from '../../../domain/money.ts';
import { Uuid } from '../../uuid.ts';

/** Members of the bodies of an order's steps. */

export const Reason = Type.String({
  minLength: 1,
  maxLength: 500,
  // Text that PostgreSQL can store: all of Unicode but NUL.
  pattern: '^[^\\u0000]*$',
  description: 'For people; it is shown in the history.',
});

export const AmountMinor = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'In minor units (cents).',
});

export const RefundedLine = Type.Object(
  {
    itemId: Uuid,
    quantity: Type.Integer({ minimum: 1, maximum: QUANTITY_MAX }),
    restock: Type.Optional(Type.Boolean({ description: 'Whether these units go back on sale. False if not told.' })),
  },
  { additionalProperties: false },
);
