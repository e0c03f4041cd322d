import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { SandboxPayment } from '../../../ledger/sandbox-books.ts';

export const AuthenticationParams = Type.Object({ providerRef: Type.String({ pattern: '^sandbox_[0-9a-f-]{36}$' }) });

/** Where the sandbox asks the customer. */
export const AUTHENTICATION_ADDRESS = '/sandbox/authentication/:providerRef';

/** What the page says of a payment that does not wait for the customer. */
const ENDS: Readonly<Record<Exclude<SandboxPayment['status'], 'requires_action'>, string>> = {
  unconfirmed: 'Nothing was charged yet.',
  authorized: 'The payment is approved. You may close this page.',
  captured: 'The payment is approved. You may close this page.',
  failed: 'The payment is refused. You may close this page.',
  cancelled: 'The payment was cancelled. You may close this page.',
};

/**
 * Answers with the page on which a customer of the sandbox approves or refuses a payment, or, where that is over, with
 * how it ended. No `form-action` in the policy: browsers apply it to redirects too, and the shop is at another origin.
 */
export function replyAuthenticationPage(reply: FastifyReply, payment: SandboxPayment): FastifyReply {
  const content = payment.status === 'requires_action' ? question(payment) : `<p>${ENDS[payment.status]}</p>`;
  return reply
    .type('text/html; charset=utf-8')
    .header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
    .header('Cache-Control', 'no-store')
    .header('Referrer-Policy', 'no-referrer')
    .send(page(content));
}

function question({ providerRef, amountMinor, currency }: SandboxPayment): string {
  const address = `/sandbox/authentication/${providerRef}`;
  return `<p>Do you approve the payment of <strong>${amountOf(amountMinor, currency)}</strong>?</p>
<form method="post" action="${address}/approval"><button>Approve</button></form>
<form method="post" action="${address}/refusal"><button>Refuse</button></form>`;
}

/** In the currency's main unit, with as many decimals as it has. */
function amountOf(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 0;
  const digits = String(amountMinor).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return `${whole}${decimals === 0 ? '' : `.${digits.slice(-decimals)}`} ${currency}`;
}

function page(content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox payment · Doorbuster</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 32rem; margin: 3rem auto; padding: 0 1rem; }
  form { display: inline; } button { font: inherit; padding: .4rem 1.2rem; }
</style>
</head>
<body>
<h1>Sandbox payment</h1>
<p>This stands in for the page of a bank. No money is moved.</p>
${content}
</body>
</html>
`;
}
