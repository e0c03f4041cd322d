import { createHmac, timingSafeEqual } from 'node:crypto';
import { type WebhookMessage, WebhookRejectedError } from './payment-provider.ts';

/** The body of a webhook of the sandbox. */
export interface SandboxEvent {
  readonly id: string;
  readonly type: 'payment.updated' | 'refund.updated';
  readonly paymentId: string;
  /** What the payment is made out to, in minor units of `currency`. */
  readonly amountMinor: number;
  readonly currency: string;
}

export interface SignedSandboxEvent {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How far the clocks of the two sides may be apart, and how long a message may be on its way. */
const TOLERANCE_SECONDS = 300;

/** What the Standard Webhooks specification asks of a key. */
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;

/**
 * The key in a secret as Standard Webhooks writes it: `whsec_` and 24 to 64 bytes in base64.
 * @throws when it is written otherwise: base64 that is read leniently makes a weak key without a word.
 */
export function sandboxWebhookKey(secret: string): Buffer {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const key = Buffer.from(encoded ?? '', 'base64');
  if (key.length < KEY_BYTES_MIN || key.length > KEY_BYTES_MAX) {
    throw new Error(`A webhook secret is whsec_ and ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes in base64.`);
  }
  return key;
}

function signatureOf(key: Buffer, id: string, timestamp: string, body: string | Buffer): string {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
}

/** Signs an event as Standard Webhooks does (https://www.standardwebhooks.com, symmetric `v1`). */
export function signSandboxEvent(key: Buffer, event: SandboxEvent, sentAt: Date): SignedSandboxEvent {
  const body = JSON.stringify(event);
  const timestamp = String(Math.floor(sentAt.getTime() / 1_000));
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': event.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signatureOf(key, event.id, timestamp, body)}`,
    },
  };
}

/**
 * Checks a webhook over the bytes that came and reads it.
 * @throws {WebhookRejectedError}
 */
export function readSandboxEvent(
  key: Buffer,
  body: Buffer,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  now: Date,
): WebhookMessage {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature').split(' ');
  const ageSeconds = now.getTime() / 1_000 - Number(timestamp);
  // Asked this way round, a time stamp that is no number is refused too.
  if (!(Math.abs(ageSeconds) <= TOLERANCE_SECONDS)) {
    throw new WebhookRejectedError('The webhook is too old, or its time stamp lies in the future.');
  }
  const expected = `v1,${signatureOf(key, id, timestamp, body)}`;
  if (!signatures.some((signature) => areEqual(signature, expected))) {
    throw new WebhookRejectedError('The signature of the webhook does not match.');
  }
  return messageOf(id, body);
}

function headerOf(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string {
  const value = headers[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new WebhookRejectedError(`The webhook has no header ${name}, or several.`);
}

function areEqual(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function messageOf(eventId: string, body: Buffer): WebhookMessage {
  const { type, paymentId, amountMinor, currency } = parse(body);
  if (typeof type !== 'string') throw new WebhookRejectedError('The webhook does not say what it is about.');
  return {
    eventId,
    type,
    paymentId: typeof paymentId === 'string' && UUID.test(paymentId) ? paymentId : null,
    amountMinor: Number.isSafeInteger(amountMinor) ? Number(amountMinor) : null,
    currency: typeof currency === 'string' ? currency : null,
  };
}

function parse(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, as any other body that is none.
  }
  throw new WebhookRejectedError('The body of the webhook is not a JSON object.');
}
