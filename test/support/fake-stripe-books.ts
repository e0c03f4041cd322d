import type Stripe from 'stripe';
import type { FormFields, FormValue } from './fake-stripe-form.ts';
import { StripeFaultError } from './fake-stripe-rules.ts';

/** What an intent of the fake has, by the names and types of the SDK. */
export type FakeIntent = Pick<
  Stripe.PaymentIntent,
  | 'id'
  | 'object'
  | 'amount'
  | 'amount_capturable'
  | 'amount_received'
  | 'allowed_payment_method_types'
  | 'canceled_at'
  | 'cancellation_reason'
  | 'capture_method'
  | 'client_secret'
  | 'confirmation_method'
  | 'created'
  | 'currency'
  | 'latest_charge'
  | 'livemode'
  | 'metadata'
  | 'next_action'
  | 'payment_method'
  | 'payment_method_types'
  | 'status'
> & { last_payment_error: FakeCardError | null };

export interface FakeCardError {
  readonly type: 'card_error';
  readonly code: string;
  readonly decline_code?: string;
  readonly message: string;
}

type FakeCharge = Pick<
  Stripe.Charge,
  'id' | 'object' | 'amount' | 'amount_captured' | 'amount_refunded' | 'currency' | 'metadata' | 'paid' | 'status'
> & { payment_intent: string; refunded: boolean };

type FakeRefund = Pick<
  Stripe.Refund,
  'id' | 'object' | 'amount' | 'charge' | 'created' | 'currency' | 'metadata' | 'payment_intent' | 'status'
> & { failure_reason?: string };

/** Changes what it is given, as a database would. */
type Mutable<Thing> = { -readonly [Field in keyof Thing]: Thing[Field] };

/** @see https://docs.stripe.com/testing#declined-payments */
const DECLINES: Readonly<Record<string, FakeCardError>> = {
  pm_card_visa_chargeDeclined: declined('card_declined', 'generic_decline'),
  pm_card_visa_chargeDeclinedInsufficientFunds: declined('card_declined', 'insufficient_funds'),
  pm_card_chargeDeclinedExpiredCard: declined('expired_card'),
};

const NEEDS_AUTHENTICATION = 'pm_card_authenticationRequired';

/** No test card of Stripe's: one that was charged before. The answer has neither a code nor a parameter. */
const USED_UP = 'pm_used_up';

function declined(code: string, declineCode?: string): FakeCardError {
  const more = declineCode === undefined ? {} : { decline_code: declineCode };
  return { type: 'card_error', code, message: 'Your card was declined.', ...more };
}

/** Stripe's own books: intents, charges and refunds, and what may be done with them. Params are checked already. */
export function createFakeBooks(now: () => number) {
  const intents = new Map<string, Mutable<FakeIntent>>();
  const charges = new Map<string, Mutable<FakeCharge>>();
  const refunds = new Map<string, Mutable<FakeRefund>>();
  let count = 0;
  const nextId = (prefix: string) => {
    count += 1;
    return `${prefix}_fake${String(count).padStart(8, '0')}`;
  };

  function get(intentId: string): Mutable<FakeIntent> {
    const intent = intents.get(intentId);
    if (intent === undefined) throw missing(`No such payment_intent: '${intentId}'`, 'intent');
    return intent;
  }

  function addCharge(intent: FakeIntent, status: FakeCharge['status']): string {
    const id = nextId('ch');
    charges.set(id, {
      id,
      object: 'charge',
      amount: intent.amount,
      amount_captured: 0,
      amount_refunded: 0,
      currency: intent.currency,
      metadata: { ...intent.metadata },
      paid: status === 'succeeded',
      payment_intent: intent.id,
      refunded: false,
      status,
    });
    return id;
  }

  function take(intent: Mutable<FakeIntent>): void {
    const charge = charges.get(String(intent.latest_charge));
    if (charge === undefined) throw new Error('the fake takes money without a charge');
    intent.status = 'succeeded';
    intent.amount_received = intent.amount;
    intent.amount_capturable = 0;
    charge.amount_captured = intent.amount;
  }

  /** The card is good: the money is taken, or reserved. */
  function succeed(intent: Mutable<FakeIntent>): void {
    intent.next_action = null;
    intent.latest_charge = addCharge(intent, 'succeeded');
    if (intent.capture_method === 'manual') {
      intent.status = 'requires_capture';
      intent.amount_capturable = intent.amount;
    } else {
      take(intent);
    }
  }

  function fail(intent: Mutable<FakeIntent>, error: FakeCardError): void {
    intent.status = 'requires_payment_method';
    intent.payment_method = null;
    intent.next_action = null;
    intent.latest_charge = addCharge(intent, 'failed');
    intent.last_payment_error = error;
  }

  function create(params: FormFields): FakeIntent {
    const id = nextId('pi');
    const intent: FakeIntent = {
      id,
      object: 'payment_intent',
      amount: Number(params['amount']),
      amount_capturable: 0,
      amount_received: 0,
      allowed_payment_method_types: (params['allowed_payment_method_types'] ?? null) as string[] | null,
      canceled_at: null,
      cancellation_reason: null,
      capture_method: String(params['capture_method'] ?? 'automatic'),
      client_secret: `${id}_secret_fake`,
      confirmation_method: 'automatic',
      created: Math.floor(now() / 1_000),
      currency: String(params['currency']),
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: metadataOf(params['metadata']),
      next_action: null,
      payment_method: null,
      payment_method_types: ['card'],
      status: 'requires_payment_method',
    };
    intents.set(id, intent);
    return intent;
  }

  function confirm(intentId: string, params: FormFields): FakeIntent {
    const intent = get(intentId);
    if (intent.status !== 'requires_payment_method' && intent.status !== 'requires_confirmation') {
      throw unexpectedState(intent, 'confirm');
    }
    const method = String(params['payment_method']);
    const returnUrl = params['return_url'];
    if (intent.allowed_payment_method_types === null && returnUrl === undefined) {
      throw refused('payment_intent_invalid_parameter', 'A `return_url` must be specified.', 'return_url');
    }
    if (method === USED_UP) {
      throw refused(undefined, 'The provided PaymentMethod was previously used. It may not be used again.');
    }
    const decline = DECLINES[method];
    if (method !== 'pm_card_visa' && method !== NEEDS_AUTHENTICATION && decline === undefined) {
      throw missing(`No such PaymentMethod: '${method}'`, 'payment_method');
    }
    intent.last_payment_error = null;
    intent.payment_method = method;
    if (decline !== undefined) {
      fail(intent, decline);
      throw cardError(decline, show(intent));
    }
    if (method === NEEDS_AUTHENTICATION) askToAuthenticate(intent, returnUrl);
    else succeed(intent);
    return intent;
  }

  function askToAuthenticate(intent: Mutable<FakeIntent>, returnUrl: FormValue | undefined): void {
    intent.status = 'requires_action';
    intent.next_action =
      typeof returnUrl === 'string'
        ? {
            type: 'redirect_to_url',
            redirect_to_url: { url: `https://hooks.stripe.example/3ds/${intent.id}`, return_url: returnUrl },
          }
        : { type: 'use_stripe_sdk', use_stripe_sdk: {} };
  }

  function capture(intentId: string, params: FormFields): FakeIntent {
    const intent = get(intentId);
    if (intent.status !== 'requires_capture') throw unexpectedState(intent, 'capture');
    if (params['amount_to_capture'] !== undefined && Number(params['amount_to_capture']) !== intent.amount) {
      throw new Error('the fake captures whole amounts only');
    }
    take(intent);
    return intent;
  }

  function cancel(intentId: string, params: FormFields): FakeIntent {
    const intent = get(intentId);
    if (['succeeded', 'canceled', 'processing'].includes(intent.status)) throw unexpectedState(intent, 'cancel');
    const reason = params['cancellation_reason'];
    void_(intent, typeof reason === 'string' ? reason : null);
    return intent;
  }

  function void_(intent: Mutable<FakeIntent>, reason: string | null): void {
    const charge = charges.get(String(intent.latest_charge));
    // Stripe books the release of an authorization as a refund of its charge.
    if (charge !== undefined && intent.status === 'requires_capture') {
      charge.amount_refunded = charge.amount;
      charge.refunded = true;
    }
    intent.status = 'canceled';
    intent.amount_capturable = 0;
    intent.next_action = null;
    intent.canceled_at = Math.floor(now() / 1_000);
    intent.cancellation_reason = reason;
  }

  function refund(params: FormFields): FakeRefund {
    const intent = get(String(params['payment_intent']));
    const charge = charges.get(String(intent.latest_charge));
    if (charge === undefined || intent.status !== 'succeeded') {
      throw refused(
        'payment_intent_unexpected_state',
        `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      );
    }
    const left = charge.amount_captured - charge.amount_refunded;
    const amount = Number(params['amount'] ?? left);
    if (left === 0) throw refused('charge_already_refunded', `Charge ${charge.id} has already been refunded.`);
    if (amount > left)
      throw refused(undefined, `Refund amount (${amount}) is greater than unrefunded amount (${left}).`);
    charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount_captured;
    const id = nextId('re');
    const made: FakeRefund = {
      id,
      object: 'refund',
      amount,
      charge: charge.id,
      created: Math.floor(now() / 1_000),
      currency: intent.currency,
      metadata: metadataOf(params['metadata']),
      payment_intent: intent.id,
      status: 'succeeded',
    };
    refunds.set(id, made);
    return made;
  }

  /** The intent as Stripe shows it. */
  function show(intent: FakeIntent, expand?: FormValue): object {
    const expanded = Array.isArray(expand) && expand.some((field) => String(field).endsWith('latest_charge'));
    const charge = charges.get(String(intent.latest_charge));
    return structuredClone(expanded && charge !== undefined ? { ...intent, latest_charge: charge } : intent);
  }

  return {
    create,
    confirm,
    capture,
    cancel,
    refund,
    get,
    show,
    /** The customer's answer to `next_action`. */
    authenticate(intentId: string, approve: boolean): void {
      const intent = get(intentId);
      if (intent.status !== 'requires_action') throw new Error(`${intentId} waits for no customer: ${intent.status}`);
      if (approve) succeed(intent);
      else
        fail(intent, { type: 'card_error', code: 'payment_intent_authentication_failure', message: 'Not approved.' });
    },
    /** What Stripe does to an authorization that nobody captures. */
    expire(intentId: string): void {
      void_(get(intentId), 'automatic');
    },
    setStatus(intentId: string, status: FakeIntent['status']): void {
      get(intentId).status = status;
    },
    settleRefund(refundId: string, status: string, failureReason?: string): void {
      const settled = refunds.get(refundId);
      const charge = charges.get(String(settled?.charge));
      if (settled === undefined || charge === undefined) throw new Error(`no refund ${refundId}`);
      settled.status = status;
      if (failureReason !== undefined) settled.failure_reason = failureReason;
      if (status !== 'failed' && status !== 'canceled') return;
      charge.amount_refunded -= settled.amount;
      charge.refunded = false;
    },
    /** Newest first. */
    intents: () => [...intents.values()].reverse(),
    refunds: () => [...refunds.values()].reverse(),
    charges: () => [...charges.values()],
  };
}

export type FakeBooks = ReturnType<typeof createFakeBooks>;

function metadataOf(value: FormValue | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(value ?? {}).map(([name, each]) => [name, String(each)]));
}

function refused(code: string | undefined, message: string, param?: string, more: object = {}): StripeFaultError {
  const error = {
    type: 'invalid_request_error' as const,
    message,
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param }),
    ...more,
  };
  return new StripeFaultError('state', { status: 400, error });
}

function unexpectedState(intent: FakeIntent, verb: string): StripeFaultError {
  const message = `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`;
  return refused('payment_intent_unexpected_state', message, undefined, { payment_intent: structuredClone(intent) });
}

function missing(message: string, param: string): StripeFaultError {
  const status = param === 'intent' ? 404 : 400;
  const error = { type: 'invalid_request_error' as const, code: 'resource_missing', message, param };
  return new StripeFaultError('state', { status, error });
}

function cardError(error: FakeCardError, intent: object): StripeFaultError {
  return new StripeFaultError('state', { status: 402, error: { ...error, payment_intent: intent } });
}
