import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declineCodeOf, paymentIdOf } from './stripe-intent.ts';

test('each reason of Stripe for a refused card has one code of ours', () => {
  for (const [code, declineCode, expected] of [
    ['card_declined', 'generic_decline', 'card_declined'],
    ['card_declined', 'insufficient_funds', 'insufficient_funds'],
    ['insufficient_funds', undefined, 'insufficient_funds'],
    ['expired_card', undefined, 'expired_card'],
    ['card_declined', 'expired_card', 'expired_card'],
    ['authentication_required', 'authentication_required', 'authentication_failed'],
    ['card_declined', 'authentication_required', 'authentication_failed'],
    ['payment_intent_authentication_failure', undefined, 'authentication_failed'],
    ['incorrect_cvc', 'incorrect_cvc', 'card_declined'],
    [undefined, undefined, 'card_declined'],
  ] as const) {
    assert.equal(declineCodeOf({ code, decline_code: declineCode }), expected, `${code}, ${declineCode}`);
  }
  assert.equal(declineCodeOf(null), 'card_declined');
});

test('metadata of others is no payment of ours', () => {
  const id = '0198c5c4-8f0e-7d64-8c0b-0f1d5a1e2b3c';
  assert.equal(paymentIdOf({ payment_id: id }), id);
  for (const metadata of [null, undefined, {}, { payment_id: '' }, { payment_id: '42' }, { payment_id: `${id}0` }]) {
    assert.equal(paymentIdOf(metadata), null);
  }
});
