import { randomUUIDv7 } from 'node:crypto';
import type { Queryable } from '../ledger/statement.ts';
import {
  countEndpointsLocked,
  type EndpointTerms,
  insertEndpoint,
  type WebhookEndpoint,
} from '../ledger/webhook-endpoints.ts';
import { makeWebhookSecret } from '../webhooks/sign-webhook.ts';

/** Each event is sent to each of them. */
export const ENDPOINTS_MAX = 20;

export type CreateEndpointOutcome =
  | { readonly outcome: 'created'; readonly endpoint: WebhookEndpoint; readonly secret: string }
  | { readonly outcome: 'too-many' };

/** Makes an endpoint with a new secret for a merchant that exists. */
export async function createWebhookEndpoint(
  transaction: Queryable,
  merchantId: string,
  terms: EndpointTerms,
  createdBy: string,
): Promise<CreateEndpointOutcome> {
  if ((await countEndpointsLocked(transaction, merchantId)) >= ENDPOINTS_MAX) return { outcome: 'too-many' };
  const [id, secret] = [randomUUIDv7(), makeWebhookSecret()];
  const endpoint = await insertEndpoint(transaction, { ...terms, id, merchantId, secret, createdBy });
  return { outcome: 'created', endpoint, secret };
}
