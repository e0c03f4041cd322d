import { type SandboxEvent, signSandboxEvent } from './sandbox-webhooks.ts';

/** Sends a signed webhook. Rejects when it is not taken. */
export type DeliverWebhook = (body: string, headers: Readonly<Record<string, string>>) => void | Promise<void>;

/** The engine finds out by asking as well, so a webhook that is not taken soon is not worth waiting for. */
const TIMEOUT_MS = 2_000;

export interface SandboxWebhookSender {
  /** Sends one event once. Resolves when it was taken or given up; never rejects. */
  send(event: SandboxEvent): Promise<void>;
  /** Resolves when nothing is on its way any more. */
  sent(): Promise<void>;
}

/** Makes what signs and sends the webhooks of the sandbox: to the engine's own address, unless `deliver` takes them. */
export function createSandboxWebhookSender(options: {
  readonly key: Buffer;
  /** Asked each time: the port may be known only after the start. */
  readonly publicUrl: () => string;
  readonly closing: AbortSignal;
  readonly deliver?: DeliverWebhook;
  readonly onUndelivered?: (reason: unknown) => void;
}): SandboxWebhookSender {
  const { closing } = options;
  const deliver = options.deliver ?? post;
  const deliveries = new Set<Promise<void>>();

  async function post(body: string, headers: Readonly<Record<string, string>>): Promise<void> {
    const response = await fetch(`${options.publicUrl()}/api/v1/payment-webhooks/sandbox`, {
      method: 'POST',
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.any([closing, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`A webhook of the sandbox was answered with ${response.status}.`);
  }

  return {
    send(event) {
      const { body, headers } = signSandboxEvent(options.key, event, new Date());
      const delivery = Promise.try(deliver, body, headers)
        .catch((reason: unknown) => {
          if (!closing.aborted) options.onUndelivered?.(reason);
        })
        .finally(() => deliveries.delete(delivery));
      deliveries.add(delivery);
      return delivery;
    },
    async sent() {
      await Promise.all(deliveries);
    },
  };
}
