import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ID_MIN } from '../ledger/id-range.ts';
import {
  announceSandboxRefund,
  cancelSandboxPayment,
  chargeSandboxPayments,
  findSandboxPayment,
  findSandboxPaymentByRef,
  listSandboxPayments,
  refundSandboxPayment,
  type SandboxCharge,
  type SandboxPayment,
  type SandboxPosition,
  settleSandboxPayment,
} from '../ledger/sandbox-books.ts';
import type { Queryable } from '../ledger/statement.ts';
import {
  type ChargeRequest,
  type DeclineCode,
  OutcomeUnknownError,
  type PaymentProvider,
  type PaymentReference,
  type ProviderPayment,
  type ProviderRefund,
  type RefundRequest,
} from './payment-provider.ts';
import { findSandboxCard, type SandboxCard } from './sandbox-cards.ts';
import { sandboxChargeOf, sandboxTermsOf, statusWhenGranted } from './sandbox-charge.ts';
import { createSandboxWebhookSender, type DeliverWebhook } from './sandbox-webhook-sender.ts';
import { readSandboxEvent, type SandboxEvent, sandboxWebhookKey } from './sandbox-webhooks.ts';

const SLOW_ANSWER_MS = 2_000;

/** How often a card that repeats its webhooks sends each. */
const DUPLICATES = 10;

const PAGE_SIZE = 500;

/** A payment provider that moves no money. See `docs/payments-sandbox.md` for its test cards. */
export interface SandboxPaymentProvider extends PaymentProvider {
  /** The payment whose authentication a page is about. */
  findAuthentication(providerRef: string): Promise<SandboxPayment | undefined>;
  /**
   * Ends an authentication as the customer chose and tells the engine by a webhook. Returns the payment as it is then:
   * unchanged, where it did not wait for the customer any more.
   */
  authenticate(providerRef: string, approved: boolean): Promise<SandboxPayment | undefined>;
  /** Ends all waits: calls that were not answered yet reject with OutcomeUnknownError. May be called twice. */
  close(): Promise<void>;
}

export interface SandboxOptions {
  /** Where the sandbox keeps its books. Each call is a statement of its own, never part of a transaction. */
  readonly database: Queryable;
  /** Books a charge beside those of others; undefined: it had come to something before. Alone where this is absent. */
  readonly bookCharge?: (charge: SandboxCharge) => Promise<SandboxPayment | undefined>;
  /** How long a call waits for a card that never answers. */
  readonly timeoutMs: number;
  /** As Standard Webhooks writes it: `whsec_` and 24 to 64 bytes in base64. */
  readonly webhookSecret: string;
  /** Where the engine is reached, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Sends a webhook after each change of any payment; else only those that the cards ask for are sent. */
  readonly webhooks?: boolean;
  /** Takes the webhooks instead of the engine's own address. */
  readonly deliver?: DeliverWebhook;
  /** Hears of webhooks that were not taken. They are not sent again. */
  readonly onUndelivered?: (reason: unknown) => void;
}

/** Makes the sandbox provider. It keeps its books in PostgreSQL, so that they outlive the process and are shared. */
export function createSandboxPaymentProvider(options: SandboxOptions): SandboxPaymentProvider {
  const { database, publicUrl, bookCharge = bookAlone } = options;
  const key = sandboxWebhookKey(options.webhookSecret);
  const closing = new AbortController();
  const { send, sent } = createSandboxWebhookSender({ ...options, key, closing: closing.signal });

  /** Waits as a customer of a slow provider does, but no longer than the time-out. */
  async function answerAfter(waitMs: number): Promise<void> {
    await delay(Math.min(waitMs, options.timeoutMs), undefined, { signal: closing.signal }).catch(() => undefined);
    if (closing.signal.aborted) throw new OutcomeUnknownError('The engine stopped before the answer came.');
    if (waitMs > options.timeoutMs) throw new OutcomeUnknownError(`No answer within ${options.timeoutMs} ms.`);
  }

  async function unlessSilent(payment: SandboxPayment): Promise<SandboxPayment> {
    if (payment.silent) await answerAfter(Number.POSITIVE_INFINITY);
    return payment;
  }

  function tellOfChange(payment: SandboxPayment, type: SandboxEvent['type'] = 'payment.updated'): void {
    if (options.webhooks) void send(eventOf(payment, type));
  }

  /** Sends what a charge makes the provider tell. Resolves when the answer may follow. */
  async function tellOfCharge(payment: SandboxPayment, card: SandboxCard): Promise<void> {
    if (payment.status === 'unconfirmed' || payment.silent) return;
    if (card.webhooks === 'before-answer') await send(eventOf(payment));
    else if (card.webhooks === 'ten-times') {
      const event = eventOf(payment);
      for (let count = 0; count < DUPLICATES; count += 1) void send(event);
    } else tellOfChange(payment);
  }

  async function get(paymentId: string): Promise<SandboxPayment> {
    const payment = await findSandboxPayment(database, paymentId);
    if (payment === undefined) throw new Error('A payment has left the books.');
    return payment;
  }

  async function bookAlone(asked: SandboxCharge): Promise<SandboxPayment | undefined> {
    return (await chargeSandboxPayments(database, [asked])).get(asked.paymentId);
  }

  const answer = (payment: SandboxPayment) => toProviderPayment(payment, publicUrl());

  async function charge(request: ChargeRequest): Promise<ProviderPayment> {
    const booked = await bookCharge(sandboxChargeOf(request));
    const payment = booked ?? (await get(request.id));
    if (payment.status === 'cancelled') return answer(await unlessSilent(payment));
    const card = cardOf(payment);
    if (booked !== undefined) await tellOfCharge(payment, card);
    await unlessSilent(payment);
    if (card.answer === 'never') await answerAfter(Number.POSITIVE_INFINITY);
    if (card.answer === 'slow') await answerAfter(SLOW_ANSWER_MS);
    if (payment.status === 'unconfirmed') throw new OutcomeUnknownError('The sandbox answered with status 500.');
    return answer(payment);
  }

  async function find(reference: PaymentReference): Promise<ProviderPayment> {
    const payment = await findSandboxPayment(database, reference.id);
    return payment === undefined ? unheardOf(reference) : answer(await unlessSilent(payment));
  }

  async function capture(reference: PaymentReference): Promise<ProviderPayment> {
    const payment = await findSandboxPayment(database, reference.id);
    if (payment === undefined) return unheardOf(reference);
    const status = cardOf(payment).capture === 'declined' ? 'cancelled' : 'captured';
    const changed = await settleSandboxPayment(database, payment.paymentId, 'authorized', { status });
    if (changed !== undefined) tellOfChange(changed);
    return answer(changed ?? (await unlessSilent(await get(payment.paymentId))));
  }

  async function cancel(reference: PaymentReference): Promise<ProviderPayment> {
    const changed = await cancelSandboxPayment(database, sandboxTermsOf(reference));
    if (changed !== undefined) tellOfChange(changed);
    return answer(changed ?? (await unlessSilent(await get(reference.id))));
  }

  async function refund({ id, payment: reference, amountMinor }: RefundRequest): Promise<ProviderRefund> {
    const payment = await findSandboxPayment(database, reference.id);
    if (payment === undefined) return { providerRef: null, status: 'failed', reason: 'There is no such payment.' };
    await unlessSilent(payment);
    const { refund: behaviour } = cardOf(payment);
    const asked = { refundId: id, paymentId: payment.paymentId, amountMinor };
    if (behaviour === 'by-second-call' && (await announceSandboxRefund(database, asked))) {
      throw new OutcomeUnknownError('The sandbox answered with status 500.');
    }
    const status = await refundSandboxPayment(database, asked, behaviour !== 'declined');
    if (status === undefined) throw new Error('A refund has left the books.');
    tellOfChange(payment, 'refund.updated');
    const refused = behaviour === 'declined' ? 'The bank refused it.' : 'It is more than is left of what was captured.';
    return { providerRef: `sandbox_refund_${id}`, status, reason: status === 'failed' ? refused : null };
  }

  async function authenticate(providerRef: string, approved: boolean): Promise<SandboxPayment | undefined> {
    const payment = await findSandboxPaymentByRef(database, providerRef);
    if (payment === undefined) return undefined;
    const end = approved
      ? { status: statusWhenGranted(payment.capture) }
      : { status: 'failed' as const, declineCode: 'authentication_failed' satisfies DeclineCode };
    const changed = await settleSandboxPayment(database, payment.paymentId, 'requires_action', end);
    if (changed !== undefined) void send(eventOf(changed));
    return changed ?? get(payment.paymentId);
  }

  return {
    name: 'sandbox',
    charge: (request) => orUnknown(charge(request)),
    find: (reference) => orUnknown(find(reference)),
    capture: (reference) => orUnknown(capture(reference)),
    cancel: (reference) => orUnknown(cancel(reference)),
    refund: (request) => orUnknown(refund(request)),
    readWebhook: (body, headers) => readSandboxEvent(key, body, headers, new Date()),
    async *listPayments(since) {
      let position: SandboxPosition | undefined = { createdAt: since.toISOString(), paymentId: ID_MIN };
      while (position !== undefined) {
        const page = await listSandboxPayments(database, position, PAGE_SIZE);
        yield* page.payments.map(answer);
        position = page.next;
      }
    },
    findAuthentication: (providerRef) => findSandboxPaymentByRef(database, providerRef),
    authenticate,
    async close() {
      closing.abort();
      await sent();
    },
  };
}

/** Books that cannot be reached are to the engine what a provider that cannot be reached is. */
async function orUnknown<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof OutcomeUnknownError) throw error;
    throw new OutcomeUnknownError('The sandbox could not use its books.', { cause: error });
  }
}

/** The books know only test cards; a payment without one was refused or cancelled, where the card no longer matters. */
function cardOf(payment: SandboxPayment): SandboxCard {
  return findSandboxCard(payment.paymentMethod) ?? {};
}

function eventOf(payment: SandboxPayment, type: SandboxEvent['type'] = 'payment.updated'): SandboxEvent {
  const { paymentId, amountMinor, currency } = payment;
  return { id: `evt_${randomUUID()}`, type, paymentId, amountMinor, currency };
}

function toProviderPayment(payment: SandboxPayment, publicUrl: string): ProviderPayment {
  const { providerRef, paymentId, status, amountMinor, currency, capturedMinor, refundedMinor } = payment;
  return {
    providerRef,
    paymentId,
    status,
    amountMinor,
    currency,
    capturedMinor,
    refundedMinor,
    nextActionUrl: status === 'requires_action' ? `${publicUrl}/sandbox/authentication/${providerRef}` : null,
    // Only what the cards and the page above say is ever written there.
    declineCode: payment.declineCode as DeclineCode | null,
  };
}

function unheardOf(reference: PaymentReference): ProviderPayment {
  const { id, amountMinor, currency } = reference;
  return {
    providerRef: sandboxTermsOf(reference).providerRef,
    paymentId: id,
    status: 'unconfirmed',
    amountMinor,
    currency,
    capturedMinor: 0,
    refundedMinor: 0,
    nextActionUrl: null,
    declineCode: null,
  };
}
