import type { SandboxCharge, SandboxPaymentStatus, SandboxTerms } from '../ledger/sandbox-books.ts';
import type { ChargeRequest, DeclineCode, PaymentReference } from './payment-provider.ts';
import { findSandboxCard, type SandboxCard } from './sandbox-cards.ts';

/** What the sandbox books for a charge, by its card. */
export function sandboxChargeOf(request: ChargeRequest): SandboxCharge {
  const card = findSandboxCard(request.paymentMethod);
  const declineCode = card === undefined ? 'payment_method_unknown' : (card.declineCode ?? null);
  return {
    ...sandboxTermsOf(request),
    // Somebody may have pasted the number of a real card; that is not kept.
    paymentMethod: card === undefined ? null : request.paymentMethod,
    ...statusesOf(card, declineCode, request.capture),
    declineCode,
    returnUrl: card?.authentication ? httpAddress(request.returnUrl) : null,
    silent: card?.silent ?? false,
  };
}

/** What a payment is made out to, as the books have it. */
export function sandboxTermsOf(reference: PaymentReference): SandboxTerms {
  const { id, orderId, capture, currency, amountMinor } = reference;
  return { paymentId: id, providerRef: `sandbox_${id}`, orderId, capture, currency, amountMinor };
}

/** What becomes of a payment that nobody refuses. */
export function statusWhenGranted(capture: 'automatic' | 'manual'): SandboxPaymentStatus {
  return capture === 'automatic' ? 'captured' : 'authorized';
}

function statusesOf(
  card: SandboxCard | undefined,
  declineCode: DeclineCode | null,
  capture: 'automatic' | 'manual',
): Pick<SandboxCharge, 'status' | 'repeatStatus'> {
  const both = (status: SandboxPaymentStatus) => ({ status, repeatStatus: status });
  if (declineCode !== null) return both('failed');
  if (card?.authentication) return both('requires_action');
  if (card?.charged === 'never') return both('unconfirmed');
  const granted = both(statusWhenGranted(capture));
  return card?.charged === 'by-second-call' ? { ...granted, status: 'unconfirmed' } : granted;
}

/** An address that a browser may be sent to, in its normal form. */
function httpAddress(address: string | null): string | null {
  const url = address === null ? null : URL.parse(address);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null;
}
