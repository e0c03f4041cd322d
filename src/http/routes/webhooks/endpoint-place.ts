import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { EndpointPlace } from '../../../actions/change-webhook-endpoint.ts';
import type { Database } from '../../../ledger/database.ts';
import { findEndpoint, type WebhookEndpoint } from '../../../ledger/webhook-endpoints.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { requireManagerOf } from '../merchants/merchant-managers.ts';

/** The path parameters of an endpoint, and of one of its deliveries. */
export const EndpointParams = Type.Object({ merchantId: Uuid, endpointId: Uuid });
export const DeliveryParams = Type.Object({ merchantId: Uuid, endpointId: Uuid, deliveryId: Uuid });

export const NO_ENDPOINT = { detail: 'The merchant has no webhook endpoint with this id.' };
export const NO_DELIVERY = { detail: 'The endpoint has no delivery with this id.' };

/** The address of an endpoint, for those who manage its merchant; to others the merchant does not exist. */
export async function requireEndpointPlace(
  database: Database,
  request: FastifyRequest,
  params: { readonly merchantId: string; readonly endpointId: string },
): Promise<EndpointPlace> {
  const place = { merchantId: params.merchantId.toLowerCase(), endpointId: params.endpointId.toLowerCase() };
  await requireManagerOf(database, request, place.merchantId);
  return place;
}

/** The endpoint itself. */
export async function requireEndpoint(
  database: Database,
  request: FastifyRequest,
  params: { readonly merchantId: string; readonly endpointId: string },
): Promise<WebhookEndpoint> {
  const { merchantId, endpointId } = await requireEndpointPlace(database, request, params);
  const endpoint = await findEndpoint(database, merchantId, endpointId);
  if (endpoint === undefined) throw new ProblemError('not-found', NO_ENDPOINT);
  return endpoint;
}
