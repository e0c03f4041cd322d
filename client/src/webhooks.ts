import type { Order } from './documents.ts';

/** What a webhook tells. `type` is open: later versions add types, so ignore those that you do not know. */
export interface WebhookEvent {
  readonly type: string;
  /** When it happened, RFC 3339. */
  readonly timestamp: string;
  /** `order` is as it was at `version`; an event `webhook.test` has none. `test`: of a test sale, do not ship it. */
  readonly data: { readonly order?: Order; readonly version?: number; readonly test?: boolean };
}

/** A webhook that is not to be believed. Answer 400. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
}

export interface Webhook {
  /** The body as it came, byte for byte: not parsed and written again. */
  readonly body: string | Uint8Array;
  /** `Headers`, or an object with names in small letters as Node has them. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The secret of the endpoint (`whsec_…`); while it is rotated, all that may still sign. */
  readonly secret: string | readonly string[];
  /** How far the time of sending may be from now, either way: what was recorded cannot be played again later. Default 300. */
  readonly toleranceSeconds?: number | undefined;
}

export interface VerifiedWebhook {
  /** The same for every try and redrive of an event: remember it, and do what it tells once. */
  readonly id: string;
  readonly event: WebhookEvent;
}

const TOLERANCE_SECONDS = 300;

/**
 * Verifies a webhook by the Standard Webhooks specification 1.0: an HMAC-SHA256 over `id.timestamp.body` under one of the
 * secrets, compared by Web Crypto in constant time.
 * @throws WebhookVerificationError for a missing header, a strange time, or no fitting signature; TypeError for a secret
 * that is none
 */
export async function verifyWebhook(webhook: Webhook): Promise<VerifiedWebhook> {
  const { body, headers, secret, toleranceSeconds = TOLERANCE_SECONDS } = webhook;
  const id = requireHeader(headers, 'webhook-id');
  const timestamp = requireHeader(headers, 'webhook-timestamp');
  const signatures = readSignatures(requireHeader(headers, 'webhook-signature'));
  if (!/^\d+$/.test(timestamp)) throw new WebhookVerificationError('webhook-timestamp is no time.');
  if (!(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= toleranceSeconds)) {
    throw new WebhookVerificationError('The webhook was not sent just now.');
  }
  const encoder = new TextEncoder();
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const message = concatenate(encoder.encode(`${id}.${timestamp}.`), bytes);
  for (const each of typeof secret === 'string' ? [secret] : secret) {
    const key = await importSecret(each);
    for (const signature of signatures) {
      if (!(await crypto.subtle.verify('HMAC', key, signature, message))) continue;
      return { id, event: JSON.parse(new TextDecoder().decode(bytes)) as WebhookEvent };
    }
  }
  throw new WebhookVerificationError('No signature of the webhook fits.');
}

function requireHeader(headers: Webhook['headers'], name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  const text = typeof value === 'object' && value !== null ? value.join(' ') : value;
  if (!text) throw new WebhookVerificationError(`The header ${name} is missing.`);
  return text;
}

/** Space-delimited `version,base64`. Only `v1` is an HMAC; whatever else is there is for others. */
function readSignatures(header: string): Uint8Array<ArrayBuffer>[] {
  return header.split(' ').flatMap((each) => {
    const [version, value = ''] = each.split(',', 2);
    const bytes = version === 'v1' ? decodeBase64(value) : undefined;
    return bytes === undefined ? [] : [bytes];
  });
}

function importSecret(secret: string) {
  const bytes = decodeBase64(secret.replace(/^whsec_/, ''));
  if (bytes === undefined || bytes.length === 0)
    throw new TypeError('The secret of a webhook endpoint looks like whsec_….');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
