import { createHmac, randomBytes } from 'node:crypto';

/** Of the 24 to 64 that the specification asks for. */
const SECRET_BYTES = 32;
const SECRET_PREFIX = 'whsec_';

/** Makes the secret of an endpoint, in the form that the libraries take: `whsec_` and base64. */
export function makeWebhookSecret(): string {
  return `${SECRET_PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/**
 * The headers that identify and sign a message by the Standard Webhooks specification 1.0: HMAC-SHA256 over
 * `id.timestamp.body`, one signature for each secret. `timestamp` is the moment of this try.
 */
export function signWebhook(message: {
  readonly id: string;
  readonly timestamp: Date;
  readonly body: string;
  readonly secrets: readonly string[];
}): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const { id, body, secrets } = message;
  const seconds = String(Math.floor(message.timestamp.getTime() / 1_000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(SECRET_PREFIX, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') };
}
