import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type FakeStripe, startFakeStripe } from './fake-stripe.ts';

let fake: FakeStripe;
before(async () => {
  fake = await startFakeStripe();
});
after(() => fake.close());

interface Reply {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: { readonly id?: string; readonly status?: string; readonly error?: { code?: string; type?: string } };
}

async function post(
  path: string,
  params: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(`${fake.url}/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(params).toString(),
    headers: {
      authorization: `Bearer ${fake.secretKey}`,
      'content-type': 'application/x-www-form-urlencoded',
      'stripe-version': '2026-10-28.endive',
      ...headers,
    },
  });
  const body = (await response.json()) as Reply['body'];
  return { status: response.status, replayed: response.headers.get('idempotent-replayed') === 'true', body };
}

const SOUND = { amount: '1000', currency: 'eur', 'allowed_payment_method_types[0]': 'card' };

async function made(more: Record<string, string> = {}): Promise<string> {
  const { status, body } = await post('payment_intents', { ...SOUND, ...more });
  assert.equal(status, 200);
  return body.id ?? '';
}

test('the fake of Stripe refuses requests that break the published rules, and notes each', async () => {
  for (const [params, code] of [
    [{ ...SOUND, amount: '0' }, 'parameter_invalid_integer'],
    [{ ...SOUND, amount: '10.5' }, 'parameter_invalid_integer'],
    [{ ...SOUND, amount: '100000000' }, 'amount_too_large'],
    [{ ...SOUND, currency: 'EUR' }, undefined],
    [{ ...SOUND, currency: 'xyz' }, undefined],
    [{ currency: 'eur' }, 'parameter_missing'],
    [{ ...SOUND, capture_method: 'later' }, undefined],
    [{ ...SOUND, metadata: 'text' }, undefined],
    [{ ...SOUND, 'metadata[a]': 'b'.repeat(501) }, undefined],
    [{ ...SOUND, 'expand[0]': 'everything' }, undefined],
    [{ ...SOUND, colour: 'red' }, 'parameter_unknown'],
    [{ ...SOUND, 'payment_method_types[0]': 'card' }, 'parameter_unknown'],
    [{ ...SOUND, customer: 'cus_1' }, 'fake_not_modelled'],
    [{ ...SOUND, currency: 'isk', amount: '1050' }, 'invalid_charge_amount_no_decimal_compatible'],
    [{ ...SOUND, currency: 'kwd', amount: '1001' }, 'invalid_charge_amount'],
  ] as const) {
    const before = fake.violations.length;
    const { status, body } = await post('payment_intents', params);
    assert.deepEqual([status, body.error?.code], [400, code], JSON.stringify(params));
    assert.deepEqual([fake.violations.length, fake.violations.at(-1)?.kind], [before + 1, 'request']);
  }
});

test('the fake of Stripe refuses other keys, other media types, no version and unknown paths', async () => {
  assert.equal((await post('payment_intents', SOUND, { authorization: 'Bearer sk_other' })).status, 401);
  assert.equal((await post('payment_intents', SOUND, { 'content-type': 'application/json' })).status, 400);
  assert.equal((await post('payment_intents', SOUND, { 'stripe-version': '' })).status, 400);
  assert.equal((await post('customers', {})).status, 404);
});

test('the fake of Stripe keeps the first answer with its idempotency key, a refusal and a 500 too', async () => {
  const key = { 'idempotency-key': 'one' };
  const [first, again] = [await post('payment_intents', SOUND, key), await post('payment_intents', SOUND, key)];
  assert.deepEqual([first.replayed, again.replayed, again.body.id], [false, true, first.body.id]);
  const other = await post('payment_intents', { ...SOUND, amount: '2000' }, key);
  assert.deepEqual([other.status, other.body.error?.type], [400, 'idempotency_error']);

  const capture = `payment_intents/${first.body.id}/capture`;
  const statuses = [
    await post(capture, {}, { 'idempotency-key': 'two' }),
    await post(capture, {}, { 'idempotency-key': 'two' }),
  ];
  assert.deepEqual(
    statuses.map(({ status, replayed }) => [status, replayed]),
    [
      [400, false],
      [400, true],
    ],
  );

  fake.failNext({ how: '500-after' });
  const failed = [];
  for (let count = 0; count < 2; count += 1) {
    failed.push(await post('payment_intents', SOUND, { 'idempotency-key': 'three' }));
  }
  assert.deepEqual(
    failed.map(({ status, replayed }) => [status, replayed]),
    [
      [500, false],
      [500, true],
    ],
  );
  fake.forgetKeys();
  assert.equal((await post('payment_intents', SOUND, { 'idempotency-key': 'three' })).status, 200);
});

test('the fake of Stripe does not keep what it refused before it began', async () => {
  const key = { 'idempotency-key': 'four' };
  assert.equal((await post('payment_intents', { ...SOUND, amount: '-1' }, key)).status, 400);
  assert.equal((await post('payment_intents', SOUND, key)).status, 200);
});

test('the fake of Stripe answers 409 while the same key is under way', async () => {
  const replies = await Promise.all(
    Array.from({ length: 5 }, () => post('payment_intents', SOUND, { 'idempotency-key': 'five' })),
  );
  assert.equal(new Set(replies.flatMap(({ body }) => body.id ?? [])).size, 1);
  for (const { status } of replies) assert.ok(status === 200 || status === 409);
});

test('the fake of Stripe allows only the steps that an intent may make', async () => {
  const unexpected = async (path: string, params: Record<string, string> = {}) =>
    assert.equal((await post(path, params)).body.error?.code, 'payment_intent_unexpected_state', path);
  const visa = { payment_method: 'pm_card_visa' };

  const id = await made({ capture_method: 'manual' });
  await unexpected(`payment_intents/${id}/capture`);
  assert.equal((await post(`payment_intents/${id}/confirm`, visa)).body.status, 'requires_capture');
  await unexpected(`payment_intents/${id}/confirm`, visa);
  await unexpected('refunds', { payment_intent: id });
  assert.equal((await post(`payment_intents/${id}/capture`, {})).body.status, 'succeeded');
  await unexpected(`payment_intents/${id}/capture`);
  await unexpected(`payment_intents/${id}/cancel`);
  assert.equal((await post('refunds', { payment_intent: id, amount: '1001' })).status, 400);
  assert.equal((await post('refunds', { payment_intent: id, amount: '1000' })).status, 200);
  assert.equal((await post('refunds', { payment_intent: id })).body.error?.code, 'charge_already_refunded');

  const other = await made();
  assert.equal((await post(`payment_intents/${other}/cancel`, {})).body.status, 'canceled');
  await unexpected(`payment_intents/${other}/cancel`);
  await unexpected(`payment_intents/${other}/confirm`, visa);
});

test('the fake of Stripe wants a return URL where the payment methods are not limited', async () => {
  const { body } = await post('payment_intents', { amount: '1000', currency: 'eur' });
  const { status } = await post(`payment_intents/${body.id}/confirm`, { payment_method: 'pm_card_visa' });
  assert.equal(status, 400);
});
