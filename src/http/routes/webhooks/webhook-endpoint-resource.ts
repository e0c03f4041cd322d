import { type Static, Type } from 'typebox';
import { ORDER_EVENT_TYPES } from '../../../domain/order-event-types.ts';
import type { WebhookEndpoint } from '../../../ledger/webhook-endpoints.ts';
import { versionTag } from '../../conditional-request.ts';
import { Uuid } from '../../uuid.ts';

const Timestamp = Type.String({ format: 'date-time' });
const MaybeTimestamp = (description: string) => Type.Union([Timestamp, Type.Null()], { description });

/** Members of the bodies that make and change endpoints. Unsafe: one schema of two types, so that a fault is told once. */
export const EndpointFields = {
  url: Type.String({
    format: 'uri',
    maxLength: 2_048,
    description: 'Where events are POSTed to: https, at a public address.',
  }),
  description: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    maxLength: 500,
    pattern: '^[^\\u0000]*$',
    description: 'For people.',
  }),
  eventTypes: Type.Unsafe<readonly string[] | null>({
    type: ['array', 'null'],
    items: { type: 'string', enum: ORDER_EVENT_TYPES },
    minItems: 1,
    uniqueItems: true,
    description: 'Which events are wanted; null for all, also those that later versions add.',
  }),
};

const FIELDS = {
  id: Uuid,
  merchantId: Uuid,
  url: Type.String(),
  description: Type.Union([Type.String(), Type.Null()]),
  eventTypes: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: all.' }),
  pausedAt: MaybeTimestamp('Since then nothing is sent. Null while it is not paused.'),
  disabledAt: MaybeTimestamp('When its receiver answered 410: nothing is sent until it is resumed. Null otherwise.'),
  previousSecretUntil: MaybeTimestamp('Until then events are signed with the secret before, too. Null without one.'),
  version: Type.Integer({ minimum: 1, description: 'Raised by one with every change; the ETag carries it.' }),
  createdAt: Timestamp,
};

export const WebhookEndpointResource = Type.Object(FIELDS, { $id: 'WebhookEndpoint', title: 'Webhook endpoint' });

/** An endpoint as the answers that make a secret show it. */
export const NewWebhookEndpointResource = Type.Object(
  {
    ...FIELDS,
    secret: Type.Union([Type.String(), Type.Null()], {
      description: 'What events are verified with. Shown this once: a repeat has null in its place.',
    }),
  },
  { $id: 'NewWebhookEndpoint', title: 'Webhook endpoint with its secret' },
);

export function toEndpointResource(endpoint: WebhookEndpoint): Static<typeof WebhookEndpointResource> {
  const { pausedAt, disabledAt, previousSecretUntil, createdAt, eventTypes } = endpoint;
  return {
    ...endpoint,
    eventTypes: eventTypes === null ? null : [...eventTypes],
    pausedAt: pausedAt?.toISOString() ?? null,
    disabledAt: disabledAt?.toISOString() ?? null,
    previousSecretUntil: previousSecretUntil?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}

export function toNewEndpointResource(
  endpoint: WebhookEndpoint,
  secret: string | null,
): Static<typeof NewWebhookEndpointResource> {
  return { ...toEndpointResource(endpoint), secret };
}

export function endpointTag({ version }: WebhookEndpoint): string {
  return versionTag(version);
}
