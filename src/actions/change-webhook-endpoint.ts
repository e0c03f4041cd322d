import { type AuditRecord, recordAudit } from '../ledger/audit-log.ts';
import type { Database } from '../ledger/database.ts';
import { discardLettersOf } from '../ledger/dead-letters.ts';
import type { Queryable } from '../ledger/statement.ts';
import { discardDeliveriesOf } from '../ledger/webhook-deliveries.ts';
import {
  deleteEndpoint,
  type EndpointTerms,
  lockEndpoint,
  rotateSecret,
  setEndpointPaused,
  updateEndpoint,
  type WebhookEndpoint,
} from '../ledger/webhook-endpoints.ts';
import { makeWebhookSecret } from '../webhooks/sign-webhook.ts';

/** Which endpoint of which merchant. */
export interface EndpointPlace {
  readonly merchantId: string;
  readonly endpointId: string;
}

/**
 * Changes what a merchant says of an endpoint; what `terms` leaves out stays. What waits to be sent goes to the new
 * address. `precondition` sees the endpoint under its lock and throws to stop the change. Undefined: there is none.
 */
export async function changeWebhookEndpoint(
  database: Database,
  place: EndpointPlace,
  terms: Partial<EndpointTerms>,
  precondition: (endpoint: WebhookEndpoint) => void,
  audit: AuditRecord,
): Promise<WebhookEndpoint | undefined> {
  return database.transaction(async (transaction) => {
    const endpoint = await lock(transaction, place);
    if (endpoint === undefined) return undefined;
    precondition(endpoint);
    await recordAudit(transaction, audit);
    return updateEndpoint(transaction, endpoint.id, { ...endpoint, ...terms });
  });
}

/** Deletes an endpoint: what waits for it is not sent any more. False when the merchant has no such endpoint. */
export async function deleteWebhookEndpoint(
  database: Database,
  place: EndpointPlace,
  audit: AuditRecord,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const endpoint = await lock(transaction, place);
    if (endpoint === undefined) return false;
    await deleteEndpoint(transaction, endpoint.id);
    await discardLettersOf(transaction, endpoint.id);
    await discardDeliveriesOf(transaction, endpoint.id);
    await recordAudit(transaction, audit);
    return true;
  });
}

/**
 * Pauses or resumes an endpoint; one that is as wanted stays as it is. Resuming also enables one whose receiver had
 * said that it was gone. Undefined: there is none.
 */
export async function pauseWebhookEndpoint(
  transaction: Queryable,
  place: EndpointPlace,
  paused: boolean,
): Promise<WebhookEndpoint | undefined> {
  const endpoint = await lock(transaction, place);
  if (endpoint === undefined) return undefined;
  const { pausedAt, disabledAt } = endpoint;
  const asWanted = paused ? pausedAt !== null : pausedAt === null && disabledAt === null;
  return asWanted ? endpoint : setEndpointPaused(transaction, endpoint.id, paused);
}

/** Gives an endpoint a new secret, beside which the old one signs for a while. Undefined: there is none. */
export async function rotateWebhookSecret(
  transaction: Queryable,
  place: EndpointPlace,
  overlapSeconds: number,
): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string } | undefined> {
  if ((await lock(transaction, place)) === undefined) return undefined;
  const secret = makeWebhookSecret();
  return { endpoint: await rotateSecret(transaction, place.endpointId, secret, overlapSeconds), secret };
}

function lock(transaction: Queryable, { merchantId, endpointId }: EndpointPlace): Promise<WebhookEndpoint | undefined> {
  return lockEndpoint(transaction, merchantId, endpointId);
}
