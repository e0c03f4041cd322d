import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  type ChargeRequest,
  OutcomeUnknownError,
  type PaymentProvider,
  type PaymentReference,
  type ProviderPayment,
  type RefundRequest,
  WebhookRejectedError,
} from '../../src/payments/payment-provider.ts';

/** A provider with what the suite needs to play the customer and the provider's own side. */
export interface ProviderUnderTest {
  readonly provider: PaymentProvider;
  /** Payment methods, by what the provider answers to them. */
  readonly cards: {
    readonly ok: string;
    readonly declined: string;
    readonly insufficientFunds: string;
    readonly expired: string;
    readonly authentication: string;
    /** One that the provider does not know. */
    readonly unknown: string;
  };
  /** Does what the customer does at `nextActionUrl`. */
  authenticate(payment: ProviderPayment, approved: boolean): Promise<void>;
  /** A webhook as the provider would send it. */
  signWebhook(event: WebhookEvent): SignedWebhook;
  close(): Promise<void>;
}

export interface WebhookEvent {
  readonly eventId: string;
  readonly payment: PaymentReference;
  readonly signedAt: Date;
  /** `wrong`: signed with a secret that the provider does not share with the engine. */
  readonly secret: 'right' | 'wrong';
}

export interface SignedWebhook {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Farther back than any provider rounds its time stamps. */
const LIST_MARGIN_MS = 60_000;

const MINUTE_MS = 60_000;

/** Declares the tests that every payment provider passes. The cases share one provider; each has payments of its own. */
export function describePaymentProvider(name: string, setup: () => Promise<ProviderUnderTest>): void {
  describe(`the payment provider ${name}`, () => {
    let given: ProviderUnderTest;
    before(async () => {
      given = await setup();
    });
    after(() => given.close());

    const subject = () => given;
    declareCharges(subject);
    declareCaptures(subject);
    declareCancellations(subject);
    declareAuthentications(subject);
    declareRefunds(subject);
    declareWebhooks(subject);
    declareList(subject);
  });
}

type Subject = () => ProviderUnderTest;

/** A payment that the engine would make: automatic and of 15.00 EUR, unless told otherwise. */
export function newPayment(paymentMethod: string, rest: Partial<ChargeRequest> = {}): ChargeRequest {
  return {
    id: randomUUIDv7(),
    orderId: randomUUIDv7(),
    amountMinor: 1_500,
    currency: 'EUR',
    capture: 'automatic',
    providerRef: null,
    paymentMethod,
    returnUrl: null,
    ...rest,
  };
}

/** A refund of a payment, all of it unless told otherwise. */
export function newRefund(payment: PaymentReference, amountMinor = payment.amountMinor): RefundRequest {
  return { id: randomUUIDv7(), payment, amountMinor };
}

/** What the provider lists of one payment. */
export async function listed(provider: PaymentProvider, payment: PaymentReference): Promise<ProviderPayment[]> {
  const since = new Date(Date.now() - LIST_MARGIN_MS);
  const payments = await Array.fromAsync(provider.listPayments(since));
  return payments.filter(({ paymentId }) => paymentId === payment.id);
}

/** Status and sums: what the engine's books are compared with. */
function sums({ status, amountMinor, currency, capturedMinor, refundedMinor }: ProviderPayment): unknown[] {
  return [status, amountMinor, currency, capturedMinor, refundedMinor];
}

function assertUnknownOutcome(reason: unknown): void {
  assert.ok(reason instanceof OutcomeUnknownError, String(reason));
}

function declareCharges(subject: Subject): void {
  test('a charge takes the amount at once, and find tells it', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    const charged = await provider.charge(payment);
    assert.equal(charged.paymentId, payment.id);
    assert.deepEqual(sums(charged), ['captured', 1_500, 'EUR', 1_500, 0]);
    assert.equal(charged.nextActionUrl, null);
    assert.equal(charged.declineCode, null);
    assert.deepEqual(await provider.find({ ...payment, providerRef: charged.providerRef }), charged);
  });

  test('find tells a payment by the id of the engine alone, for a charge whose answer was lost', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    const charged = await provider.charge(payment);
    assert.deepEqual(await provider.find(payment), charged);
  });

  test('find of a payment never charged answers unconfirmed, and leaves it to be charged', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    const found = await provider.find(payment);
    assert.deepEqual(sums(found), ['unconfirmed', 1_500, 'EUR', 0, 0]);
    assert.deepEqual(sums(await provider.charge(payment)), ['captured', 1_500, 'EUR', 1_500, 0]);
  });

  test('PAY-01 the same charge ten times at once moves the money once', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => provider.charge(payment)));
    const answers = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
    // A provider may say that the first call is still under way, but not that it failed.
    for (const outcome of outcomes) if (outcome.status === 'rejected') assertUnknownOutcome(outcome.reason);
    assert.ok(answers.length > 0, 'at least one call is answered');
    assert.deepEqual(new Set(answers.map(({ providerRef }) => providerRef)).size, 1);
    const rows = await listed(provider, payment);
    assert.deepEqual(rows.map(sums), [['captured', 1_500, 'EUR', 1_500, 0]]);
  });

  test('PAY-03 a charge that is repeated tells what came of the first', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    const first = await provider.charge(payment);
    assert.deepEqual(await provider.charge(payment), first);
    assert.equal((await listed(provider, payment)).length, 1);
  });

  const declines = [
    ['declined', 'card_declined'],
    ['insufficientFunds', 'insufficient_funds'],
    ['expired', 'expired_card'],
    ['unknown', 'payment_method_unknown'],
  ] as const;
  for (const [card, declineCode] of declines) {
    for (const capture of ['automatic', 'manual'] as const) {
      test(`PAY-06 a refused charge (${card}, ${capture}) fails with ${declineCode} and takes nothing`, async () => {
        const { provider, cards } = subject();
        const payment = newPayment(cards[card], { capture });
        const refused = await provider.charge(payment);
        assert.deepEqual(sums(refused), ['failed', 1_500, 'EUR', 0, 0]);
        assert.equal(refused.declineCode, declineCode);
        assert.equal((await provider.charge(payment)).declineCode, declineCode, 'the repeat says the same');
      });
    }
  }
}

function declareCaptures(subject: Subject): void {
  test('a manual charge authorizes, and the capture takes the amount once', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok, { capture: 'manual' });
    const authorized = await provider.charge(payment);
    assert.deepEqual(sums(authorized), ['authorized', 1_500, 'EUR', 0, 0]);
    const reference = { ...payment, providerRef: authorized.providerRef };
    assert.deepEqual(sums(await provider.capture(reference)), ['captured', 1_500, 'EUR', 1_500, 0]);
    assert.deepEqual(sums(await provider.capture(reference)), ['captured', 1_500, 'EUR', 1_500, 0]);
    assert.deepEqual((await listed(provider, payment)).map(sums), [['captured', 1_500, 'EUR', 1_500, 0]]);
  });

  test('a capture ten times at once takes the amount once', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok, { capture: 'manual' });
    await provider.charge(payment);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => provider.capture(payment)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') assertUnknownOutcome(outcome.reason);
    assert.deepEqual(sums(await provider.find(payment)), ['captured', 1_500, 'EUR', 1_500, 0]);
  });

  test('a capture after the authorization was voided answers cancelled and takes nothing', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok, { capture: 'manual' });
    await provider.charge(payment);
    assert.equal((await provider.cancel(payment)).status, 'cancelled');
    const late = await provider.capture(payment);
    assert.equal(late.status, 'cancelled');
    assert.equal(late.capturedMinor, 0);
  });

  test('PAY-09 of a capture and a cancellation at once one wins, and both tell the same end', async () => {
    const { provider, cards } = subject();
    for (let round = 0; round < 10; round += 1) {
      const payment = newPayment(cards.ok, { capture: 'manual' });
      await provider.charge(payment);
      const outcomes = await Promise.allSettled([provider.capture(payment), provider.cancel(payment)]);
      const { status, capturedMinor } = await provider.find(payment);
      assert.ok(status === 'captured' || status === 'cancelled', status);
      assert.equal(capturedMinor, status === 'captured' ? 1_500 : 0);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assertUnknownOutcome(outcome.reason);
        else assert.equal(outcome.value.status, status);
      }
    }
  });
}

function declareCancellations(subject: Subject): void {
  for (const capture of ['automatic', 'manual'] as const) {
    test(`a charge (${capture}) that arrives after its cancellation answers cancelled and takes nothing`, async () => {
      const { provider, cards } = subject();
      const payment = newPayment(cards.ok, { capture });
      assert.equal((await provider.cancel(payment)).status, 'cancelled');
      assert.equal((await provider.cancel(payment)).status, 'cancelled', 'again');
      const late = await provider.charge(payment);
      assert.equal(late.status, 'cancelled');
      assert.equal(late.capturedMinor, 0);
      assert.equal((await provider.find(payment)).status, 'cancelled');
    });
  }

  test('PAY-09 of a charge and its cancellation at once one wins, and find tells which', async () => {
    const { provider, cards } = subject();
    for (let round = 0; round < 10; round += 1) {
      const payment = newPayment(cards.ok);
      const outcomes = await Promise.allSettled([provider.charge(payment), provider.cancel(payment)]);
      for (const outcome of outcomes) if (outcome.status === 'rejected') assertUnknownOutcome(outcome.reason);
      const cancelled = await provider.cancel(payment);
      assert.ok(cancelled.status === 'captured' || cancelled.status === 'cancelled', cancelled.status);
      assert.equal(cancelled.capturedMinor, cancelled.status === 'captured' ? 1_500 : 0);
      assert.equal((await provider.charge(payment)).status, cancelled.status);
    }
  });

  test('the cancellation of a captured payment changes nothing and says so', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    const { providerRef } = await provider.charge(payment);
    const answer = await provider.cancel({ ...payment, providerRef });
    assert.deepEqual(sums(answer), ['captured', 1_500, 'EUR', 1_500, 0]);
    assert.deepEqual(sums(await provider.find(payment)), ['captured', 1_500, 'EUR', 1_500, 0]);
  });

  test('the cancellation of a refused payment leaves nothing that could still be taken', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.declined);
    await provider.charge(payment);
    const answer = await provider.cancel(payment);
    assert.ok(answer.status === 'failed' || answer.status === 'cancelled', answer.status);
    assert.equal(answer.capturedMinor, 0);
  });
}

function declareAuthentications(subject: Subject): void {
  for (const [capture, status] of [
    ['automatic', 'captured'],
    ['manual', 'authorized'],
  ] as const) {
    test(`a charge (${capture}) that the customer authenticates is ${status}`, async () => {
      const { provider, cards, authenticate } = subject();
      const payment = newPayment(cards.authentication, { capture, returnUrl: 'https://shop.example/return' });
      const asked = await provider.charge(payment);
      assert.deepEqual(sums(asked), ['requires_action', 1_500, 'EUR', 0, 0]);
      assert.match(asked.nextActionUrl ?? '', /^https?:\/\//);
      assert.equal((await provider.find(payment)).status, 'requires_action');
      await authenticate(asked, true);
      const found = await provider.find(payment);
      assert.equal(found.status, status);
      assert.equal(found.nextActionUrl, null);
      assert.equal((await provider.charge(payment)).status, status, 'the repeat says the same');
    });
  }

  test('a charge whose authentication fails has failed with its own code', async () => {
    const { provider, cards, authenticate } = subject();
    const payment = newPayment(cards.authentication, { returnUrl: 'https://shop.example/return' });
    await authenticate(await provider.charge(payment), false);
    const found = await provider.find(payment);
    assert.equal(found.status, 'failed');
    assert.equal(found.declineCode, 'authentication_failed');
    assert.equal(found.capturedMinor, 0);
  });

  test('a charge that waits for the customer can be cancelled', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.authentication, { returnUrl: 'https://shop.example/return' });
    await provider.charge(payment);
    assert.equal((await provider.cancel(payment)).status, 'cancelled');
    assert.equal((await provider.charge(payment)).status, 'cancelled');
  });
}

function declareRefunds(subject: Subject): void {
  test('PAY-08 a refund that is repeated, also ten times at once, gives back once', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    await provider.charge(payment);
    const refund = newRefund(payment, 600);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => provider.refund(refund)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') assertUnknownOutcome(outcome.reason);
    const again = await provider.refund(refund);
    assert.notEqual(again.status, 'failed');
    assert.notEqual(again.providerRef, null);
    assert.deepEqual(sums(await provider.find(payment)), ['captured', 1_500, 'EUR', 1_500, 600]);
  });

  test('refunds of parts add up to the whole, and one more fails', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok, { capture: 'manual' });
    await provider.charge(payment);
    await provider.capture(payment);
    for (const part of [1, 499, 1_000]) {
      assert.notEqual((await provider.refund(newRefund(payment, part))).status, 'failed', `a refund of ${part}`);
    }
    const excess = await provider.refund(newRefund(payment, 1));
    assert.equal(excess.status, 'failed');
    assert.equal(typeof excess.reason, 'string');
    assert.deepEqual(sums(await provider.find(payment)), ['captured', 1_500, 'EUR', 1_500, 1_500]);
  });

  test('a refund of more than was captured fails and gives nothing back', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    await provider.charge(payment);
    assert.equal((await provider.refund(newRefund(payment, 1_501))).status, 'failed');
    assert.equal((await provider.find(payment)).refundedMinor, 0);
  });

  test('of two refunds of the whole at once one gives it back', async () => {
    const { provider, cards } = subject();
    const payment = newPayment(cards.ok);
    await provider.charge(payment);
    const outcomes = await Promise.allSettled([
      provider.refund(newRefund(payment)),
      provider.refund(newRefund(payment)),
    ]);
    const given = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value.status !== 'failed');
    assert.ok(given.length <= 1, 'not both');
    for (const outcome of outcomes) if (outcome.status === 'rejected') assertUnknownOutcome(outcome.reason);
    assert.equal((await provider.find(payment)).refundedMinor, 1_500);
  });

  for (const end of ['cancelled', 'authorized', 'failed'] as const) {
    test(`a refund of a payment that is ${end} fails`, async () => {
      const { provider, cards } = subject();
      const payment = newPayment(end === 'failed' ? cards.declined : cards.ok, { capture: 'manual' });
      await provider.charge(payment);
      if (end === 'cancelled') await provider.cancel(payment);
      assert.equal((await provider.refund(newRefund(payment))).status, 'failed');
      const found = await provider.find(payment);
      assert.equal(found.status, end);
      assert.equal(found.refundedMinor, 0);
    });
  }
}

function declareWebhooks(subject: Subject): void {
  const event = (rest: Partial<WebhookEvent> = {}): WebhookEvent => ({
    eventId: `evt_${randomUUIDv7()}`,
    payment: newPayment(subject().cards.ok),
    signedAt: new Date(),
    secret: 'right',
    ...rest,
  });

  test('PAY-05 a webhook that is signed well is read', () => {
    const { provider, signWebhook } = subject();
    const sent = event();
    const { body, headers } = signWebhook(sent);
    const message = provider.readWebhook(body, headers);
    assert.equal(message.eventId, sent.eventId);
    assert.equal(message.paymentId, sent.payment.id);
    assert.equal(message.amountMinor, sent.payment.amountMinor);
    assert.equal(message.currency, sent.payment.currency);
    assert.deepEqual(provider.readWebhook(body, headers), message, 'each delivery has the same id');
  });

  test('PAY-05 a webhook signed with another secret is refused', () => {
    const { provider, signWebhook } = subject();
    const { body, headers } = signWebhook(event({ secret: 'wrong' }));
    assert.throws(() => provider.readWebhook(body, headers), WebhookRejectedError);
  });

  test('PAY-05 a webhook that is too old is refused, though its signature is right', () => {
    const { provider, signWebhook } = subject();
    const { body, headers } = signWebhook(event({ signedAt: new Date(Date.now() - 6 * MINUTE_MS) }));
    assert.throws(() => provider.readWebhook(body, headers), WebhookRejectedError);
  });

  test('PAY-05 a webhook whose body was changed is refused', () => {
    const { provider, signWebhook } = subject();
    const { body, headers } = signWebhook(event());
    const edited = Buffer.from(body.toString().replace('1500', '1501'));
    assert.notDeepEqual(edited, body);
    assert.throws(() => provider.readWebhook(edited, headers), WebhookRejectedError);
    assert.throws(() => provider.readWebhook(Buffer.concat([body, Buffer.from(' ')]), headers), WebhookRejectedError);
  });

  test('PAY-05 a webhook without a signature is refused', () => {
    const { provider, signWebhook } = subject();
    const { body, headers } = signWebhook(event());
    assert.throws(() => provider.readWebhook(body, {}), WebhookRejectedError);
    for (const missing of Object.keys(headers).filter((header) => header.includes('signature'))) {
      assert.throws(() => provider.readWebhook(body, { ...headers, [missing]: undefined }), WebhookRejectedError);
      assert.throws(() => provider.readWebhook(body, { ...headers, [missing]: '' }), WebhookRejectedError);
      assert.throws(() => provider.readWebhook(body, { ...headers, [missing]: 'v1,AAAA' }), WebhookRejectedError);
    }
  });
}

function declareList(subject: Subject): void {
  test('PAY-10 the list has every payment once, with what was taken and given back', async () => {
    const { provider, cards } = subject();
    const since = new Date(Date.now() - LIST_MARGIN_MS);
    const captured = newPayment(cards.ok, { amountMinor: 700 });
    const authorized = newPayment(cards.ok, { amountMinor: 800, capture: 'manual' });
    const refunded = newPayment(cards.ok, { amountMinor: 900, currency: 'USD' });
    for (const payment of [captured, authorized, refunded]) await provider.charge(payment);
    await provider.refund(newRefund(refunded, 250));

    const all = await Array.fromAsync(provider.listPayments(since));
    const rows = ({ id }: PaymentReference) => all.filter(({ paymentId }) => paymentId === id).map(sums);
    assert.deepEqual(rows(captured), [['captured', 700, 'EUR', 700, 0]]);
    assert.deepEqual(rows(authorized), [['authorized', 800, 'EUR', 0, 0]]);
    assert.deepEqual(rows(refunded), [['captured', 900, 'USD', 900, 250]]);
    assert.equal(new Set(all.map(({ providerRef }) => providerRef)).size, all.length, 'nothing comes twice');
  });
}
