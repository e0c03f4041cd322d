import assert from 'node:assert/strict';
import { test } from 'node:test';
import Stripe from 'stripe';
import { OutcomeUnknownError } from './payment-provider.ts';
import { callUnderKey, tellOutcome } from './stripe-outcome.ts';

type RawError = ConstructorParameters<typeof Stripe.errors.StripeAPIError>[0];

const { StripeAPIError, StripeCardError, StripeIdempotencyError, StripeInvalidRequestError } = Stripe.errors;

function failure(headers: Record<string, string>, statusCode = 500) {
  return new StripeAPIError({ message: 'broken', type: 'api_error', statusCode, headers } as RawError);
}

const KEPT = failure({ 'idempotent-replayed': 'true' });

test('what refuses the request or the card comes through; what leaves the outcome open, or blames our account, is unknown', async () => {
  const refused = (code?: string, param?: string) =>
    new StripeInvalidRequestError({ message: '', type: 'invalid_request_error', code, param } as RawError);
  const through = [
    refused(),
    refused('amount_too_large'),
    refused('resource_missing', 'payment_method'),
    new StripeCardError({ message: '', type: 'card_error' } as RawError),
    new TypeError('a bug'),
  ];
  for (const error of through)
    await assert.rejects(
      tellOutcome(() => Promise.reject(error)),
      error,
    );
  const unknown = [
    failure({}),
    refused('resource_missing', 'intent'),
    refused('testmode_charges_only'),
    new StripeIdempotencyError({ message: '', type: 'idempotency_error' } as RawError),
  ];
  for (const error of unknown)
    await assert.rejects(
      tellOutcome(() => Promise.reject(error)),
      OutcomeUnknownError,
    );
});

test('a failure that Stripe keeps with the key is left behind under the next key, and no other failure is', async () => {
  const keys: string[] = [];
  const answer = await callUnderKey('a', async (key) => {
    keys.push(key);
    if (keys.length < 3) throw KEPT;
    return 'done';
  });
  assert.equal(answer, 'done');
  assert.deepEqual(keys, ['a', 'a-2', 'a-3']);

  for (const error of [failure({}), failure({ 'idempotent-replayed': 'true' }, 402), new Error('lost')]) {
    let calls = 0;
    const call = async () => {
      calls += 1;
      throw error;
    };
    await assert.rejects(callUnderKey('a', call), error);
    assert.equal(calls, 1);
  }
});

test('under the next key nothing is sent when the failed request has done it after all', async () => {
  const keys: string[] = [];
  const call = async (key: string): Promise<string> => {
    keys.push(key);
    throw KEPT;
  };
  assert.equal(await callUnderKey('a', call, async () => 'done'), 'done');
  assert.deepEqual(keys, ['a']);
});

test('the sequence of keys has an end', async () => {
  let calls = 0;
  const call = async () => {
    calls += 1;
    throw KEPT;
  };
  await assert.rejects(callUnderKey('a', call), KEPT);
  assert.equal(calls, 5);
});
