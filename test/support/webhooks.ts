import assert from 'node:assert/strict';
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Answer, send } from './client.ts';

// Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
// written again from the specification: what the engine signs is not checked by what signed it.

/** A webhook as it goes over the wire. */
export interface Webhook {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const TOLERANCE_SECONDS = 5 * 60;

/** The secret by which an engine on the development keys signs the webhooks of its sandbox. */
export const SANDBOX_WEBHOOK_SECRET = `whsec_${createHash('sha256')
  .update('sandbox webhooks\nnot-a-secret-not-a-secret-not-a-secret')
  .digest('base64')}`;

/** `v1` is an HMAC-SHA256 over id, time stamp and body, joined with dots, under the decoded secret. */
function signature(secret: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64');
}

/** Signs an event of the sandbox. The id is the event's own, unless told otherwise. */
export function signWebhook(
  event: Readonly<Record<string, unknown>>,
  { secret = SANDBOX_WEBHOOK_SECRET, sentAt = new Date() } = {},
): Webhook {
  const { id = `evt_${randomUUID()}` } = event as { id?: string };
  const body = JSON.stringify({ type: 'payment.updated', ...event, id });
  const timestamp = String(Math.floor(sentAt.getTime() / 1_000));
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature(secret, id, timestamp, body)}`,
    },
  };
}

/** Fails unless one of the signatures fits the body as it came and the time stamp is recent. */
export function verifyWebhook({ body, headers }: Webhook, secret = SANDBOX_WEBHOOK_SECRET): void {
  const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '', 'webhook-signature': given = '' } = headers;
  assert.match(id, /^[^.]+$/);
  assert.match(timestamp, /^\d+$/);
  assert.ok(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= TOLERANCE_SECONDS, 'the webhook is too old');
  const expected = Buffer.from(signature(secret, id, timestamp, body));
  const fits = given.split(' ').some((each) => {
    const [version, value = ''] = each.split(',', 2);
    const bytes = Buffer.from(value);
    return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
  assert.ok(fits, 'no signature of the webhook fits');
}

/** Sends a webhook to an engine, as the sandbox would. */
export function deliverWebhook(url: string, { body, headers }: Webhook): Promise<Answer> {
  return send('POST', `${url}/api/v1/payment-webhooks/sandbox`, { rawBody: body, headers });
}

/** Stands where the engine's public address points to, and so gets the webhooks of its sandbox. */
export interface WebhookReceiver {
  readonly url: string;
  /** What came, the oldest first. */
  readonly received: readonly Webhook[];
  /** Resolves with the webhooks about a payment when there are as many. */
  about(paymentId: string, count?: number): Promise<Webhook[]>;
  /** Does this with each webhook before it is answered; nothing, until it is told. */
  onWebhook(handle: (webhook: Webhook) => Promise<void>): void;
  close(): Promise<void>;
}

const PATIENCE_MS = 10_000;

export async function createWebhookReceiver(): Promise<WebhookReceiver> {
  const received: Webhook[] = [];
  const waiting = new Set<() => void>();
  let handle: (webhook: Webhook) => Promise<void> = async () => undefined;
  const server = createServer(async (request, response) => {
    const webhook = { body: await text(request), headers: plain(request.headers) };
    received.push(webhook);
    for (const look of waiting) look();
    await handle(webhook).catch(() => undefined);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The receiver has no port.');

  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    about(paymentId, count = 1) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => end(() => reject(new Error(`No ${count} webhooks about ${paymentId} came.`))),
          PATIENCE_MS,
        );
        const look = () => {
          const found = received.filter(({ body }) => JSON.parse(body).paymentId === paymentId);
          if (found.length >= count) end(() => resolve(found));
        };
        function end(how: () => void): void {
          clearTimeout(timer);
          waiting.delete(look);
          how();
        }
        waiting.add(look);
        look();
      });
    },
    onWebhook(next) {
      handle = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
