import { Type } from 'typebox';
import { CAPACITY_MAX } from '../../../domain/capacity.ts';
import { PRICE_MINOR_MAX } from '../../../domain/money.ts';

/** Members of the bodies that make and change sales and items. */

export const Name = Type.String({
  minLength: 1,
  maxLength: 200,
  // Text that PostgreSQL can store (no NUL), and that shows: not only blanks. Each character fits one place of the
  // pattern only, so no text, however long, makes the check slow.
  pattern: '^\\s*[^\\s\\u0000][^\\u0000]*$',
});

/**
 * A moment. Narrower than JSON Schema's date-time (RFC 3339): what JavaScript, PostgreSQL and the answer's format all
 * can say. So no leap second, and years of this millennium.
 */
export const Moment = Type.String({
  format: 'date-time',
  pattern: '^2\\d{3}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$',
  description: 'RFC 3339, kept to the millisecond.',
});

export const PriceMinor = Type.Integer({
  minimum: 0,
  maximum: PRICE_MINOR_MAX,
  description: "In minor units (cents) of the sale's currency.",
});

export const Capacity = Type.Integer({ minimum: 0, maximum: CAPACITY_MAX });

/** One schema of two types rather than a union, whose faults would be told once per branch. */
export const LimitPerCustomer = Type.Unsafe<number | null>({
  type: ['integer', 'null'],
  minimum: 1,
  maximum: CAPACITY_MAX,
  description: 'Units that one customer may have, unpaid orders included; null for no limit.',
});

export const NewItemFields = Type.Object(
  {
    name: Name,
    priceMinor: PriceMinor,
    capacity: Capacity,
    limitPerCustomer: Type.Optional(LimitPerCustomer),
  },
  { additionalProperties: false },
);
