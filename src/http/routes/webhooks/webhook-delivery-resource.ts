import { type Static, Type } from 'typebox';
import { messageIdOf } from '../../../actions/webhook-message.ts';
import type { DutyAttempt } from '../../../ledger/duty-attempts.ts';
import { DELIVERY_STATUSES, type WebhookDelivery } from '../../../ledger/webhook-delivery-log.ts';
import { Uuid } from '../../uuid.ts';

const Timestamp = Type.String({ format: 'date-time' });

const FIELDS = {
  id: Uuid,
  endpointId: Uuid,
  webhookId: Type.String({ description: 'The webhook-id under which it is sent, at every try.' }),
  eventType: Type.String(),
  orderId: Type.Union([Uuid, Type.Null()], { description: 'Null for a test event.' }),
  version: Type.Union([Type.Integer(), Type.Null()], { description: 'The version of the order that it tells of.' }),
  status: Type.Enum([...DELIVERY_STATUSES], {
    description:
      'due: it will be tried, or is being tried. delivered: answered with 2xx. failed: out of tries. discarded: given up, because its endpoint was deleted or somebody said so.',
  }),
  attemptCount: Type.Integer({ description: 'All tries so far.' }),
  nextAttemptAt: Type.Union([Timestamp, Type.Null()], {
    description: 'When it is tried next, once its endpoint is not paused. Null unless it is due.',
  }),
  lastStatus: Type.Union([Type.Integer(), Type.Null()], {
    description: 'HTTP status of the last answer, if there was one.',
  }),
  lastError: Type.Union([Type.String(), Type.Null()]),
  createdAt: Timestamp,
  endedAt: Type.Union([Timestamp, Type.Null()]),
};

export const WebhookDeliveryResource = Type.Object(FIELDS, { $id: 'WebhookDelivery', title: 'Webhook delivery' });

/** A delivery with its tries. */
export const WebhookDeliveryDetailsResource = Type.Object(
  {
    ...FIELDS,
    attempts: Type.Array(
      Type.Object({
        number: Type.Integer(),
        startedAt: Timestamp,
        durationMs: Type.Integer(),
        status: Type.Union([Type.Integer(), Type.Null()]),
        error: Type.Union([Type.String(), Type.Null()]),
        response: Type.Union([Type.String(), Type.Null()], {
          description: 'The beginning of the answer, up to 1,024 bytes.',
        }),
      }),
      { description: 'The oldest first.' },
    ),
  },
  { $id: 'WebhookDeliveryDetails', title: 'Webhook delivery with its tries' },
);

export function toDeliveryResource(delivery: WebhookDelivery): Static<typeof WebhookDeliveryResource> {
  const { id, endpointId, eventType, orderId, version, status, attempts, runAt, lastStatus, lastError } = delivery;
  return {
    id,
    endpointId,
    webhookId: messageIdOf(delivery),
    eventType,
    orderId,
    version,
    status,
    attemptCount: attempts,
    nextAttemptAt: status === 'due' ? runAt.toISOString() : null,
    lastStatus,
    lastError,
    createdAt: delivery.createdAt.toISOString(),
    endedAt: delivery.endedAt?.toISOString() ?? null,
  };
}

export function toDeliveryDetailsResource(
  delivery: WebhookDelivery,
  attempts: readonly DutyAttempt[],
): Static<typeof WebhookDeliveryDetailsResource> {
  return {
    ...toDeliveryResource(delivery),
    attempts: attempts.map((attempt) => ({ ...attempt, startedAt: attempt.startedAt.toISOString() })),
  };
}
