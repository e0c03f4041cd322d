import { Type } from 'typebox';
import type { StepTerms } from '../../../domain/order-facts.ts';
import { STEP_SECONDS_MAX, STEP_TERMS_DEFAULT } from '../../../domain/sale-terms.ts';

function seconds(term: keyof StepTerms, meaning: string) {
  const description = `${meaning} ${STEP_TERMS_DEFAULT[term]} in a sale that was made without it.`;
  return Type.Integer({ minimum: 1, maximum: STEP_SECONDS_MAX, description });
}

/** How long the orders of a sale may take over their steps, as a sale shows it. */
export const StepTermsFields = {
  holdSeconds: seconds('holdSeconds', 'How long an unpaid order keeps its stock.'),
  retrySeconds: seconds(
    'retrySeconds',
    'What an unpaid order has left at least after a payment was refused. It is lengthened once only.',
  ),
  pinSeconds: seconds(
    'pinSeconds',
    'How long a payment under way may keep the stock. Then the payment is given up and the order expires.',
  ),
  acceptanceSeconds: seconds(
    'acceptanceSeconds',
    'How long a kitchen has to accept a paid order. Then the order is rejected by itself.',
  ),
};

/** The same in the bodies that make and change a sale. */
export const OptionalStepTermsFields = {
  holdSeconds: Type.Optional(StepTermsFields.holdSeconds),
  retrySeconds: Type.Optional(StepTermsFields.retrySeconds),
  pinSeconds: Type.Optional(StepTermsFields.pinSeconds),
  acceptanceSeconds: Type.Optional(StepTermsFields.acceptanceSeconds),
};
