import { Type } from 'typebox';
import { DEAD_LETTER_KINDS, type LetterFilter } from '../../../ledger/dead-letters.ts';
import { Uuid } from '../../uuid.ts';

export const LetterKind = Type.Enum([...DEAD_LETTER_KINDS], {
  description:
    'What was given up: a webhook to a merchant, a notification to the operators, or what a payment provider is asked (how an attempt ended) or told (capture, cancel, refund).',
});

/** Which letters are meant; each narrows it further. */
export const LETTER_FILTER_FIELDS = {
  kind: Type.Optional(LetterKind),
  merchantId: Type.Optional(Uuid),
  endpointId: Type.Optional(Uuid),
  orderId: Type.Optional(Uuid),
};

/** The filter in the form in which it is kept: ids in lower case, nothing that was not asked for. */
export function letterFilterOf({ kind, merchantId, endpointId, orderId }: LetterFilter) {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(merchantId === undefined ? {} : { merchantId: merchantId.toLowerCase() }),
    ...(endpointId === undefined ? {} : { endpointId: endpointId.toLowerCase() }),
    ...(orderId === undefined ? {} : { orderId: orderId.toLowerCase() }),
  };
}
