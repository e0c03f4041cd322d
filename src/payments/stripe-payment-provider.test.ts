import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import Stripe from 'stripe';
import { describePaymentProvider, newPayment, newRefund } from '../../test/conformance/payment-provider.ts';
import { type FakeFailure, type FakeStripe, startFakeStripe } from '../../test/support/fake-stripe.ts';
import { OutcomeUnknownError, type PaymentProvider, WebhookRejectedError } from './payment-provider.ts';
import { createStripePaymentProvider } from './stripe-payment-provider.ts';

/** Long enough for a busy machine, short enough for the tests in which Stripe never answers. */
const TIMEOUT_MS = 400;

const VISA = 'pm_card_visa';
const AUTHENTICATE = 'pm_card_authenticationRequired';
const RETURN_URL = 'https://shop.example/return';

interface Bundle {
  readonly fake: FakeStripe;
  readonly provider: PaymentProvider;
}

/** A provider with its own Stripe, which must have seen nothing but sound requests by the end of the test. */
async function setUp(context: TestContext, { refusals = 0 } = {}): Promise<Bundle> {
  const fake = await startFakeStripe();
  const provider = providerOf(fake);
  context.after(async () => {
    await fake.close();
    assertSound(fake);
    assert.equal(fake.violations.length, refusals, JSON.stringify(fake.violations));
  });
  return { fake, provider };
}

function providerOf(fake: FakeStripe, secretKey = fake.secretKey): PaymentProvider {
  const { url, webhookSecret } = fake;
  return createStripePaymentProvider({ secretKey, webhookSecret, apiBase: url, timeoutMs: TIMEOUT_MS });
}

function assertSound({ violations }: FakeStripe): void {
  assert.deepEqual(
    violations.filter(({ kind }) => kind === 'request'),
    [],
  );
}

async function assertUnknown(call: Promise<unknown>): Promise<OutcomeUnknownError> {
  let caught: unknown;
  await assert.rejects(call, (error) => {
    caught = error;
    return error instanceof OutcomeUnknownError;
  });
  return caught as OutcomeUnknownError;
}

function paths({ requests }: FakeStripe): string[] {
  return requests.map(({ method, path, key }) => `${method} ${path.replace(/pi_\w+/, 'pi')} ${keyKind(key)}`.trim());
}

/** Without the ids, so that the requests can be written down. A key of the SDK's own counts as none. */
function keyKind(key: string | undefined): string {
  return key === undefined || key.startsWith('stripe-node-retry')
    ? ''
    : key.replace(/[0-9a-f]{8}(-\w{4}){3}-\w{12}/, '*');
}

describePaymentProvider('stripe', async () => {
  const fake = await startFakeStripe();
  return {
    provider: providerOf(fake),
    cards: {
      ok: VISA,
      declined: 'pm_card_visa_chargeDeclined',
      insufficientFunds: 'pm_card_visa_chargeDeclinedInsufficientFunds',
      expired: 'pm_card_chargeDeclinedExpiredCard',
      authentication: AUTHENTICATE,
      unknown: 'pm_card_that_nobody_made',
    },
    authenticate: async ({ providerRef }, approved) => fake.authenticate(String(providerRef), approved),
    signWebhook: ({ eventId, payment, signedAt, secret }) =>
      fake.signedEvent('payment_intent.succeeded', intentOf(payment.id, payment.amountMinor, payment.currency), {
        eventId,
        signedAt,
        ...(secret === 'wrong' ? { secret: 'whsec_of_another' } : {}),
      }),
    async close() {
      await fake.close();
      assertSound(fake);
    },
  };
});

function intentOf(paymentId: string, amount: number, currency: string): object {
  return {
    id: 'pi_1',
    object: 'payment_intent',
    amount,
    currency: currency.toLowerCase(),
    metadata: { payment_id: paymentId },
  };
}

test('a charge is an intent and its confirmation, each under a key of the payment', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment(VISA, { capture: 'manual', returnUrl: RETURN_URL });
  const { providerRef } = await provider.charge(payment);
  assert.deepEqual(paths(fake), [
    'POST /v1/payment_intents payment-*',
    'POST /v1/payment_intents/pi/confirm confirm-*',
  ]);
  const { amount, currency, capture_method, metadata, allowed_payment_method_types } = fake.intent(String(providerRef));
  assert.deepEqual([amount, currency, capture_method], [1_500, 'eur', 'manual']);
  assert.deepEqual(allowed_payment_method_types, ['card']);
  assert.deepEqual(metadata, { payment_id: payment.id, order_id: payment.orderId });
});

test('an amount above what Stripe takes is refused as a request, whoever asks', async (context) => {
  const fake = await startFakeStripe();
  const provider = providerOf(fake);
  context.after(() => fake.close());
  const payment = newPayment(VISA, { amountMinor: 100_000_000 });
  const refused = await provider.charge(payment);
  assert.deepEqual([refused.status, refused.declineCode, refused.providerRef], ['failed', 'provider_rejected', null]);
  const again = { ...payment, providerRef: refused.providerRef };
  assert.equal((await provider.find(again)).status, 'failed');
  assert.equal((await provider.cancel(again)).status, 'cancelled');
  assert.equal((await provider.capture(again)).status, 'cancelled');
  assert.equal((await provider.refund(newRefund(again))).status, 'failed');
  assert.deepEqual(new Set(fake.violations.map(({ code }) => code)), new Set(['amount_too_large']));
});

test('a payment method that was used up is unknown, and leaves nothing that could be taken', async (context) => {
  const { fake, provider } = await setUp(context, { refusals: 1 });
  const payment = newPayment('pm_used_up');
  const refused = await provider.charge(payment);
  assert.deepEqual([refused.status, refused.declineCode], ['failed', 'payment_method_unknown']);
  assert.equal((await provider.cancel({ ...payment, providerRef: refused.providerRef })).status, 'cancelled');
  assert.equal((await provider.charge({ ...payment, paymentMethod: VISA })).status, 'cancelled');
  assert.equal(fake.books().size, 0);
});

test('a return URL that is none is refused as a request', async (context) => {
  const fake = await startFakeStripe();
  context.after(() => fake.close());
  const refused = await providerOf(fake).charge(newPayment(VISA, { returnUrl: 'nowhere' }));
  assert.deepEqual([refused.status, refused.declineCode], ['failed', 'provider_rejected']);
  assert.deepEqual(
    fake.violations.map(({ code }) => code),
    ['url_invalid'],
  );
});

for (const [currency, amountMinor, amount] of [
  ['ISK', 500, 50_000],
  ['UGX', 5_000, 500_000],
  ['MGA', 120_000, 1_200],
  ['JPY', 500, 500],
  ['KWD', 5_120, 5_120],
  ['HUF', 1_045, 1_045],
] as const) {
  test(`${amountMinor} minor units of ${currency} are ${amount} at Stripe, and come back as they went`, async (context) => {
    const { fake, provider } = await setUp(context);
    const payment = newPayment(VISA, { currency, amountMinor });
    const charged = await provider.charge(payment);
    assert.equal(fake.intent(String(charged.providerRef)).amount, amount);
    assert.deepEqual(
      [charged.amountMinor, charged.capturedMinor, charged.currency],
      [amountMinor, amountMinor, currency],
    );
    assert.equal((await provider.refund(newRefund(payment))).status, 'succeeded');
    assert.equal((await provider.find(payment)).refundedMinor, amountMinor);
  });
}

for (const [currency, amountMinor] of [
  ['KWD', 5_124],
  ['MGA', 1_050],
] as const) {
  test(`${amountMinor} minor units of ${currency}, which Stripe has no amount for, are refused without asking it`, async (context) => {
    const { fake, provider } = await setUp(context);
    const refused = await provider.charge(newPayment(VISA, { currency, amountMinor }));
    assert.deepEqual([refused.status, refused.declineCode], ['failed', 'provider_rejected']);
    assert.equal(fake.requests.length, 0);
  });
}

const LOST: readonly FakeFailure[] = [
  'drop-before',
  'drop-after',
  '500-before',
  '500-after',
  'hang-after',
  '503',
  '429',
];

for (const path of ['/v1/payment_intents', '/confirm']) {
  for (const how of LOST) {
    test(`PAY-02 PAY-03 a charge whose ${path} ends in ${how} is unknown, and the next one takes the money once`, async (context) => {
      // Where the failed confirmation took the money, the retry under the next key is not even sent.
      const { fake, provider } = await setUp(context);
      const payment = newPayment(VISA);
      fake.failNext({ how, path });
      await assertUnknown(provider.charge(payment));
      assert.equal((await provider.charge(payment)).status, 'captured');
      assert.equal((await provider.find(payment)).status, 'captured');
      assert.deepEqual([...fake.books()], [[payment.id, { captured: 1_500, refunded: 0, charges: 1 }]]);
      assert.equal((await Array.fromAsync(provider.listPayments(new Date(0)))).length, 1);
    });

    test(`PAY-02 a charge whose ${path} ends in ${how} can be found or cancelled for good`, async (context) => {
      const { fake, provider } = await setUp(context);
      const payment = newPayment(VISA);
      fake.failNext({ how, path });
      await assertUnknown(provider.charge(payment));
      const taken = path === '/confirm' && how.endsWith('after');
      assert.equal((await provider.find(payment)).status, taken ? 'captured' : 'unconfirmed');
      const end = taken ? 'captured' : 'cancelled';
      assert.equal((await provider.cancel(payment)).status, end);
      assert.equal((await provider.charge(payment)).status, end);
      assert.equal(fake.books().get(payment.id)?.captured ?? 0, taken ? 1_500 : 0);
    });
  }
}

test('PAY-02 a declined card whose answer Stripe lost with a 500 is not tried again', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment('pm_card_visa_chargeDeclined');
  fake.failNext({ how: '500-after', path: '/confirm' });
  await assertUnknown(provider.charge(payment));
  assert.equal((await provider.charge(payment)).declineCode, 'card_declined');
  assert.equal(paths(fake).filter((path) => path.includes('confirm')).length, 1);
});

for (const how of ['drop-before', 'drop-after', '500-before', '500-after', '503', '429'] as const) {
  for (const [verb, end] of [
    ['capture', 'captured'],
    ['cancel', 'cancelled'],
  ] as const) {
    test(`a ${verb} that ends in ${how} is unknown, and the next one tells the end`, async (context) => {
      const { fake, provider } = await setUp(context);
      const payment = newPayment(VISA, { capture: 'manual' });
      const { providerRef } = await provider.charge(payment);
      fake.failNext({ how, path: `/${verb}` });
      await assertUnknown(provider[verb]({ ...payment, providerRef }));
      assert.equal((await provider[verb]({ ...payment, providerRef })).status, end);
      assert.equal(fake.books().get(payment.id)?.captured ?? 0, verb === 'capture' ? 1_500 : 0);
    });
  }

  test(`a refund that ends in ${how} is unknown, and the next one gives back once`, async (context) => {
    const { fake, provider } = await setUp(context);
    const payment = newPayment(VISA);
    await provider.charge(payment);
    const refund = newRefund(payment, 400);
    fake.failNext({ how, path: '/v1/refunds', method: 'POST' });
    await assertUnknown(provider.refund(refund));
    assert.equal((await provider.refund(refund)).status, 'succeeded');
    assert.equal((await provider.refund(refund)).status, 'succeeded');
    assert.equal(fake.books().get(payment.id)?.refunded, 400);
  });
}

test('a charge that never gets an answer is unknown within the time that is set', async (context) => {
  const { fake, provider } = await setUp(context);
  fake.failNext({ how: 'hang-before' });
  const { message } = await assertUnknown(provider.charge(newPayment(VISA)));
  assert.match(message, /StripeConnectionError/);
});

for (const verb of ['charge', 'find', 'capture', 'cancel'] as const) {
  test(`${verb} with a secret key that Stripe does not take is unknown, and no message has the key`, async (context) => {
    const fake = await startFakeStripe();
    context.after(() => fake.close());
    const payment = newPayment(VISA);
    const error = await assertUnknown(providerOf(fake, 'sk_test_wrong')[verb](payment));
    assert.match(error.message, /StripeAuthenticationError/);
    assert.doesNotMatch(error.message, /sk_test/);
    assert.ok(error.cause instanceof Error);
  });
}

test('a payment under an id that Stripe does not know is unknown, not gone', async (context) => {
  const { provider } = await setUp(context, { refusals: 2 });
  const payment = newPayment(VISA, { providerRef: 'pi_of_another_account' });
  await assertUnknown(provider.find(payment));
  await assertUnknown(provider.cancel(payment));
});

test('a charge repeated with another card tells what came of the first, and tries no other', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment('pm_card_visa_chargeDeclined');
  await provider.charge(payment);
  assert.equal((await provider.charge({ ...payment, paymentMethod: VISA })).declineCode, 'card_declined');
  assert.equal(fake.books().size, 0);
});

test('PAY-02 a payment is found days later, when Stripe has forgotten the idempotency keys', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment(VISA);
  const { providerRef } = await provider.charge(payment);
  fake.forgetKeys();
  assert.deepEqual(
    [(await provider.find(payment)).status, (await provider.find(payment)).providerRef],
    ['captured', providerRef],
  );
  fake.forgetKeys();
  assert.equal((await provider.cancel(payment)).status, 'captured');
  const refund = newRefund(payment, 500);
  await provider.refund(refund);
  fake.forgetKeys();
  assert.equal((await provider.refund(refund)).status, 'succeeded');
  assert.deepEqual([...fake.books()], [[payment.id, { captured: 1_500, refunded: 500, charges: 1 }]]);
  assert.equal((await Array.fromAsync(provider.listPayments(new Date(0)))).length, 1);
});

test('an authorization that Stripe gave up is cancelled, and a capture says so', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment(VISA, { capture: 'manual' });
  const { providerRef } = await provider.charge(payment);
  fake.expire(String(providerRef));
  const answer = await provider.capture({ ...payment, providerRef });
  assert.deepEqual([answer.status, answer.capturedMinor, answer.refundedMinor], ['cancelled', 0, 0]);
});

test('a payment under way at Stripe is processing, for a cancellation too', async (context) => {
  const { fake, provider } = await setUp(context, { refusals: 1 });
  const payment = newPayment(AUTHENTICATE, { returnUrl: RETURN_URL });
  const { providerRef } = await provider.charge(payment);
  fake.setStatus(String(providerRef), 'processing');
  assert.equal((await provider.find(payment)).status, 'processing');
  assert.equal((await provider.cancel(payment)).status, 'processing');
  fake.setStatus(String(providerRef), 'requires_action');
  assert.equal((await provider.cancel(payment)).status, 'cancelled', 'the refusal before it is not remembered');
});

test('a status that a later version of Stripe may add is neither a yes nor a no', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment(VISA);
  const { providerRef } = await provider.charge(payment);
  fake.setStatus(String(providerRef), 'requires_moonlight');
  assert.equal((await provider.find(payment)).status, 'processing');
});

test('a customer who must authenticate without a return URL has no address to go to', async (context) => {
  const { provider } = await setUp(context);
  const asked = await provider.charge(newPayment(AUTHENTICATE));
  assert.deepEqual([asked.status, asked.nextActionUrl], ['requires_action', null]);
});

test('a refund tells how it stands now, not how it was made', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment(VISA);
  await provider.charge(payment);
  const refund = newRefund(payment);
  const { providerRef } = await provider.refund(refund);
  assert.ok(providerRef !== null);
  for (const [status, expected] of [
    ['pending', 'pending'],
    ['requires_action', 'pending'],
    ['succeeded', 'succeeded'],
    ['failed', 'failed'],
  ] as const) {
    fake.settleRefund(providerRef, status, status === 'failed' ? 'lost_or_stolen_card' : undefined);
    assert.equal((await provider.refund(refund)).status, expected);
  }
  assert.equal((await provider.refund(refund)).reason, 'lost_or_stolen_card');
  assert.equal((await provider.find(payment)).refundedMinor, 0);
});

test('a refund is found behind more than a page of others', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment(VISA);
  const { providerRef } = await provider.charge(payment);
  const reference = { ...payment, providerRef };
  const first = newRefund(reference, 1);
  await provider.refund(first);
  for (let count = 0; count < 101; count += 1) await provider.refund(newRefund(reference, 1));
  fake.forgetKeys();
  assert.equal((await provider.refund(first)).status, 'succeeded');
  assert.equal(fake.books().get(payment.id)?.refunded, 102);
});

test('PAY-10 the list goes over pages, leaves out what was never confirmed, and shows payments from elsewhere', async (context) => {
  const { fake, provider } = await setUp(context);
  const { hostname, port } = new URL(fake.url);
  const other = new Stripe(fake.secretKey, { host: hostname, port, protocol: 'http', telemetry: false });
  const create = (metadata: Record<string, string>) =>
    other.paymentIntents.create({ amount: 900, currency: 'usd', allowed_payment_method_types: ['card'], metadata });
  for (const metadata of [{}, { payment_id: '42' }]) {
    const { id } = await create(metadata);
    await other.paymentIntents.confirm(id, { payment_method: VISA });
  }
  await create({});
  const ids = Array.from({ length: 205 }, () => randomUUIDv7());
  await Promise.all(ids.map((id) => provider.charge(newPayment(VISA, { id }))));
  const payments = await Array.fromAsync(provider.listPayments(new Date(Date.now() - 60_000)));
  assert.equal(payments.length, 207);
  assert.deepEqual(new Set(payments.map(({ paymentId }) => paymentId)), new Set([...ids, null]));
  assert.deepEqual(
    payments
      .filter(({ paymentId }) => paymentId === null)
      .map(({ currency, capturedMinor }) => [currency, capturedMinor]),
    [
      ['USD', 900],
      ['USD', 900],
    ],
  );
  assert.deepEqual(await Array.fromAsync(provider.listPayments(new Date(Date.now() + 60_000))), []);
});

test('PAY-10 a list that breaks off is unknown, not short', async (context) => {
  const { fake, provider } = await setUp(context);
  await provider.charge(newPayment(VISA));
  fake.failNext({ how: '503', method: 'GET' });
  await assertUnknown(Array.fromAsync(provider.listPayments(new Date(0))));
});

test('PAY-05 of refunds, charges and disputes a webhook tells the payment where it is known, and no amount', async (context) => {
  const { fake, provider } = await setUp(context);
  const paymentId = randomUUIDv7();
  const read = (type: string, object: object) => {
    const { body, headers } = fake.signedEvent(type, object);
    const { paymentId: id, amountMinor, currency } = provider.readWebhook(body, headers);
    return [id, amountMinor, currency];
  };
  const money = { amount: 700, currency: 'eur' };
  const metadata = { payment_id: paymentId };
  assert.deepEqual(read('charge.refunded', { object: 'charge', ...money, metadata }), [paymentId, null, null]);
  assert.deepEqual(read('refund.updated', { object: 'refund', ...money, metadata }), [paymentId, null, null]);
  assert.deepEqual(read('charge.dispute.created', { object: 'dispute', ...money, metadata: {} }), [null, null, null]);
  assert.deepEqual(
    read('payment_intent.created', { object: 'payment_intent', ...money, metadata: { payment_id: '42' } }),
    [null, 700, 'EUR'],
  );
  assert.deepEqual(
    read('payment_intent.succeeded', { object: 'payment_intent', amount: 50_000, currency: 'isk', metadata }),
    [paymentId, 500, 'ISK'],
  );
  assert.deepEqual(read('customer.created', { object: 'customer' }), [null, null, null]);
});

test('PAY-05 a webhook that is signed well and no event is refused', async (context) => {
  const { fake, provider } = await setUp(context);
  const payload = 'not JSON';
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: fake.webhookSecret });
  assert.throws(
    () => provider.readWebhook(Buffer.from(payload), { 'stripe-signature': signature }),
    WebhookRejectedError,
  );
});

test('PAY-05 the refund carries the id of the payment, so that its webhooks find it', async (context) => {
  const { fake, provider } = await setUp(context);
  const payment = newPayment(VISA);
  await provider.charge(payment);
  await provider.refund(newRefund(payment, 1));
  const sent = fake.requests.find(({ method, path }) => method === 'POST' && path === '/v1/refunds');
  assert.partialDeepStrictEqual(sent?.params['metadata'], { payment_id: payment.id });
});
