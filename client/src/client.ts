import { type Call, createCall } from './call.ts';
import type { RetryNotice } from './call-options.ts';
import { type CredentialOptions, createCredentials } from './credentials.ts';
import { createList } from './listing.ts';
import { type CallSettings, createRequest } from './request.ts';
import { createAccounts } from './resources/accounts.ts';
import { createAdmin } from './resources/admin.ts';
import { createDeadLetters, createRedrives } from './resources/dead-letters.ts';
import { createItems } from './resources/items.ts';
import { createApiKeys, createMembers, createMerchants } from './resources/merchants.ts';
import { createOrders } from './resources/orders.ts';
import { createSales } from './resources/sales.ts';
import { createStats } from './resources/stats.ts';
import { createWebhookDeliveries, createWebhookEndpoints } from './resources/webhook-endpoints.ts';
import { RETRY_DEFAULTS, type RetryOptions } from './retry-delay.ts';
import { createSend } from './send.ts';
import type { Fetch } from './send-once.ts';
import { createWatch } from './watch.ts';

/** Longer than the engine thinks about anything: a payment provider has 10 s. */
const TIMEOUT_MS = 30_000;

export interface ClientOptions extends CredentialOptions {
  /** Where the engine is, like `https://orders.example.com`. What stands behind the host goes before each path. */
  readonly baseUrl: string | URL;
  /** Sends the requests. Default: the platform's `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** For each try, its whole answer included. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: Partial<RetryOptions> | undefined;
  /** Told before each retry; what it throws ends the call. */
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
}

/** An engine's API. Keep one for all calls with the same credentials. */
export type Client = ReturnType<typeof createClient>;

/** Makes a client. Nothing is sent before a method is called. @throws TypeError for a `baseUrl` that is no HTTP address */
export function createClient(options: ClientOptions) {
  const settings: CallSettings = {
    baseUrl: checkAddress(options.baseUrl),
    // Looked up at each call, and called by itself: a browser's fetch wants no other `this`.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    credentials: createCredentials(options),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    retry: { ...RETRY_DEFAULTS, ...options.retry },
    onRetry: options.onRetry,
  };
  const request = createRequest(settings);
  const call: Call = createCall(request);
  const tools = { request, send: createSend(call), list: createList(call), watch: createWatch(request, settings) };

  return {
    /** Any operation of the OpenAPI document by its name, with status, headers and whether it was a replay. */
    call,
    accounts: createAccounts(tools),
    merchants: createMerchants(tools),
    members: createMembers(tools),
    apiKeys: createApiKeys(tools),
    sales: createSales(tools),
    items: createItems(tools),
    orders: createOrders(tools),
    webhookEndpoints: createWebhookEndpoints(tools),
    webhookDeliveries: createWebhookDeliveries(tools),
    deadLetters: createDeadLetters(tools),
    redrives: createRedrives(tools),
    stats: createStats(tools),
    admin: createAdmin(tools),
  };
}

function checkAddress(baseUrl: string | URL): string {
  const { protocol, origin, pathname } = new URL(baseUrl);
  if (!/^https?:$/.test(protocol)) throw new TypeError(`baseUrl must be an HTTP address, not ${baseUrl}.`);
  return origin + pathname.replace(/\/+$/, '');
}
