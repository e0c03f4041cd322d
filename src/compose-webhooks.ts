import type { onRequestHookHandler } from 'fastify';
import type { Logger } from 'pino';
import { createDeliverWebhooks } from './actions/deliver-webhooks.ts';
import type { Config } from './config/config.ts';
import type { App } from './http/app.ts';
import { toOrderResource } from './http/routes/orders/order-resource.ts';
import { changeWebhookEndpointRoute } from './http/routes/webhooks/change-webhook-endpoint.ts';
import { createWebhookEndpointRoute } from './http/routes/webhooks/create-webhook-endpoint.ts';
import { deleteWebhookEndpointRoute } from './http/routes/webhooks/delete-webhook-endpoint.ts';
import { getWebhookDeliveryRoute } from './http/routes/webhooks/get-webhook-delivery.ts';
import { getWebhookEndpointRoute } from './http/routes/webhooks/get-webhook-endpoint.ts';
import { listWebhookDeliveriesRoute } from './http/routes/webhooks/list-webhook-deliveries.ts';
import { listWebhookEndpointsRoute } from './http/routes/webhooks/list-webhook-endpoints.ts';
import { pauseWebhookEndpointRoute } from './http/routes/webhooks/pause-webhook-endpoint.ts';
import { redriveWebhookDeliveryRoute } from './http/routes/webhooks/redrive-webhook-delivery.ts';
import { resumeWebhookEndpointRoute } from './http/routes/webhooks/resume-webhook-endpoint.ts';
import { rotateWebhookSecretRoute } from './http/routes/webhooks/rotate-webhook-secret.ts';
import { testWebhookEndpointRoute } from './http/routes/webhooks/test-webhook-endpoint.ts';
import type { Database } from './ledger/database.ts';
import type { Metrics } from './operations/metrics.ts';
import type { Tracing } from './operations/tracing.ts';
import { findTargetFault } from './webhooks/find-target-fault.ts';
import { createHttpSender } from './webhooks/http-sender.ts';
import type { Loops } from './workers/loop.ts';
import { createWebhookSender } from './workers/webhook-sender.ts';

/** Telling the merchants' systems of their orders. */
export interface Webhooks {
  /** Adds what manages the endpoints. */
  addRoutes(app: App, authenticated: onRequestHookHandler): void;
  /** Something may be due: looks at once, where this process sends. */
  hurry(): void;
  /** Takes no more, lets what is under way end for a moment, and cuts off the rest. */
  stop(): Promise<void>;
}

/** Beyond the time-out of a try the ledger must tell what to send, and take in what came of it. */
const LEASE_MARGIN_MS = 5_000;

/** Manages endpoints, and sends unless this process only takes requests. */
export function composeWebhooks(
  config: Config,
  log: Logger,
  parts: { database: Database; metrics: Pick<Metrics, 'observeDelivery'>; loops: Loops; tracing: Tracing },
): Webhooks {
  const { database } = parts;
  const sending = config.ROLE === 'api' ? undefined : startSending(config, log, parts);
  const hurry = () => sending?.hurry();
  return {
    addRoutes(app, authenticated) {
      const targets = {
        findTargetFault: (url: string) => findTargetFault(url, { allowPrivate: config.WEBHOOK_ALLOW_PRIVATE }),
      };
      createWebhookEndpointRoute(app, { authenticated, database, ...targets });
      listWebhookEndpointsRoute(app, { authenticated, database });
      getWebhookEndpointRoute(app, { authenticated, database });
      changeWebhookEndpointRoute(app, { authenticated, database, ...targets });
      deleteWebhookEndpointRoute(app, { authenticated, database });
      rotateWebhookSecretRoute(app, { authenticated, database });
      pauseWebhookEndpointRoute(app, { authenticated, database });
      resumeWebhookEndpointRoute(app, { authenticated, database, hurry });
      testWebhookEndpointRoute(app, { authenticated, database, hurry });
      listWebhookDeliveriesRoute(app, { authenticated, database });
      getWebhookDeliveryRoute(app, { authenticated, database });
      redriveWebhookDeliveryRoute(app, { authenticated, database, hurry });
    },
    hurry,
    stop: async () => sending?.stop(),
  };
}

function startSending(
  config: Config,
  log: Logger,
  { database, metrics, loops, tracing }: Parameters<typeof composeWebhooks>[2],
): Pick<Webhooks, 'hurry' | 'stop'> {
  const sender = createHttpSender({
    allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
    timeoutMs: config.WEBHOOK_TIMEOUT_MS,
  });
  const deliverWebhooks = createDeliverWebhooks({
    database,
    sender,
    describeOrder: toOrderResource,
    leaseMs: config.WEBHOOK_TIMEOUT_MS + LEASE_MARGIN_MS,
    retrySeconds: config.WEBHOOK_RETRY_SECONDS,
    random: Math.random,
    observe: metrics.observeDelivery,
    tracing,
    onRoom: () => loop.hurry(),
    onDisabled: ({ endpointId, merchantId }) =>
      log.warn(
        { endpointId, merchantId },
        'a webhook receiver answered 410: its endpoint is disabled until it is resumed',
      ),
    onFailed: ({ id, endpointId, merchantId }, error) =>
      log.warn({ deliveryId: id, endpointId, merchantId, reason: error }, 'a webhook delivery is out of tries'),
    onError: ({ id, endpointId }, error) =>
      log.error(
        { err: error, deliveryId: id, endpointId },
        'a webhook delivery was interrupted and will be sent again',
      ),
  });
  const loop = loops.add(createWebhookSender(deliverWebhooks));
  loop.start();
  return {
    hurry: loop.hurry,
    async stop() {
      await loop.stop();
      await deliverWebhooks.stop();
      await sender.close();
    },
  };
}
