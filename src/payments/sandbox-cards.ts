import type { DeclineCode } from './payment-provider.ts';

/** What a test card does differently from one that simply pays. */
export interface SandboxCard {
  /** It is refused. */
  readonly declineCode?: DeclineCode;
  /** The customer must authenticate first. */
  readonly authentication?: true;
  /** Which call charges; the first, where it is not said. Those before come to nothing. */
  readonly charged?: 'by-second-call' | 'never';
  readonly answer?: 'slow' | 'never';
  /** After the charge, nothing about the payment is answered until somebody ends that in the books. */
  readonly silent?: true;
  readonly webhooks?: 'before-answer' | 'ten-times';
  readonly capture?: 'declined';
  readonly refund?: 'declined' | 'by-second-call';
}

const CARDS: ReadonlyMap<string, SandboxCard> = new Map<string, SandboxCard>([
  ['card_ok', {}],
  ['card_declined', { declineCode: 'card_declined' }],
  ['card_insufficient_funds', { declineCode: 'insufficient_funds' }],
  ['card_expired', { declineCode: 'expired_card' }],
  ['card_authentication_required', { authentication: true }],
  ['card_slow', { answer: 'slow' }],
  ['card_timeout_charged', { answer: 'never' }],
  ['card_timeout_not_charged', { charged: 'never', answer: 'never' }],
  ['card_error_then_ok', { charged: 'by-second-call' }],
  ['card_webhook_first', { webhooks: 'before-answer' }],
  ['card_duplicate_webhooks', { webhooks: 'ten-times' }],
  ['card_silent', { silent: true }],
  ['card_capture_declined', { capture: 'declined' }],
  ['card_refund_declined', { refund: 'declined' }],
  ['card_refund_error_then_ok', { refund: 'by-second-call' }],
]);

/** The names of all test cards, as `docs/payments-sandbox.md` lists them. */
export const SANDBOX_CARD_NAMES: readonly string[] = [...CARDS.keys()];

/** A test card by what the customer pays with; undefined for anything else. */
export function findSandboxCard(paymentMethod: string | null): SandboxCard | undefined {
  return paymentMethod === null ? undefined : CARDS.get(paymentMethod);
}
