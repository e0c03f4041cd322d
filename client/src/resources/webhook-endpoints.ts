import type { CallOptions, KeyedOptions } from '../call-options.ts';
import type {
  Body,
  Query,
  Tagged,
  WebhookDelivery,
  WebhookDeliveryWithAttempts,
  WebhookEndpoint,
  WebhookEndpointWithSecret,
} from '../documents.ts';
import type { List, Listing } from '../listing.ts';
import { type Send, tagOf, type Versioned } from '../send.ts';

interface Tools {
  readonly send: Send;
  readonly list: List;
}

/** Whose endpoint, and which. Any endpoint that was read is one. */
export interface EndpointPlace {
  readonly merchantId: string;
  readonly id: string;
}

const pathOf = ({ merchantId, id }: EndpointPlace) => ({ merchantId, endpointId: id });

/** Addresses that are told of a merchant's orders. `doorbuster-client/webhooks` verifies what they get. */
export function createWebhookEndpoints({ send, list }: Tools) {
  return {
    /** Makes an endpoint. Its `secret` is shown this once: a repeat of the call has null in its place. */
    create: (
      merchantId: string,
      endpoint: Body<'createWebhookEndpoint'>,
      options?: KeyedOptions,
    ): Promise<Tagged<WebhookEndpointWithSecret>> =>
      send('createWebhookEndpoint', { path: { merchantId }, body: endpoint }, options),

    get: (endpoint: EndpointPlace, options?: CallOptions): Promise<Tagged<WebhookEndpoint>> =>
      send('getWebhookEndpoint', { path: pathOf(endpoint) }, options),

    list: (
      merchantId: string,
      query?: Query<'listWebhookEndpoints'>,
      options?: CallOptions,
    ): Listing<WebhookEndpoint> => list('listWebhookEndpoints', { path: { merchantId } }, query, options),

    /** Changes what is given. @throws problem `precondition-failed` */
    change: (
      endpoint: EndpointPlace & Versioned,
      changes: Body<'changeWebhookEndpoint'>,
      options?: CallOptions,
    ): Promise<Tagged<WebhookEndpoint>> =>
      send('changeWebhookEndpoint', { path: pathOf(endpoint), body: changes, ifMatch: tagOf(endpoint) }, options),

    remove: (endpoint: EndpointPlace, options?: CallOptions): Promise<void> =>
      send('deleteWebhookEndpoint', { path: pathOf(endpoint) }, options),

    /** Gives it a new `secret`. Until `overlapSeconds` have passed, events are signed with the old one too. */
    rotateSecret: (
      endpoint: EndpointPlace,
      how?: Body<'rotateWebhookSecret'>,
      options?: KeyedOptions,
    ): Promise<Tagged<WebhookEndpointWithSecret>> =>
      send('rotateWebhookSecret', { path: pathOf(endpoint), body: how }, options),

    /** Sends nothing until it is resumed. Nothing is lost. */
    pause: (endpoint: EndpointPlace, options?: KeyedOptions): Promise<Tagged<WebhookEndpoint>> =>
      send('pauseWebhookEndpoint', { path: pathOf(endpoint) }, options),

    resume: (endpoint: EndpointPlace, options?: KeyedOptions): Promise<Tagged<WebhookEndpoint>> =>
      send('resumeWebhookEndpoint', { path: pathOf(endpoint) }, options),

    /** Sends an event `webhook.test`. */
    test: (endpoint: EndpointPlace, options?: KeyedOptions): Promise<WebhookDelivery> =>
      send('testWebhookEndpoint', { path: pathOf(endpoint) }, options),
  };
}

/** What was sent to an endpoint, and what came of it. */
export function createWebhookDeliveries({ send, list }: Tools) {
  return {
    list: (
      endpoint: EndpointPlace,
      query?: Query<'listWebhookDeliveries'>,
      options?: CallOptions,
    ): Listing<WebhookDelivery> => list('listWebhookDeliveries', { path: pathOf(endpoint) }, query, options),

    /** A delivery with its tries. */
    get: (endpoint: EndpointPlace, deliveryId: string, options?: CallOptions): Promise<WebhookDeliveryWithAttempts> =>
      send('getWebhookDelivery', { path: { ...pathOf(endpoint), deliveryId } }, options),

    /** Sends it again, under the same `webhook-id`. */
    redrive: (endpoint: EndpointPlace, deliveryId: string, options?: KeyedOptions): Promise<WebhookDelivery> =>
      send('redriveWebhookDelivery', { path: { ...pathOf(endpoint), deliveryId } }, options),
  };
}
