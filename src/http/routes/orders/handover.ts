import { timingSafeEqual } from 'node:crypto';
import { Type } from 'typebox';
import type { IntentStep } from '../../../domain/take-intent.ts';
import type { StepRouteOptions } from './reply-step.ts';

export const CollectionCode = Type.String({
  pattern: '^\\d{6}$',
  description: 'What the customer shows, from GET /api/v1/orders/{orderId}/collection-code.',
});

export interface HandoverRouteOptions extends StepRouteOptions {
  /** The code by which an order's owner collects it. */
  readonly collectionCode: (orderId: string) => Promise<string>;
}

/** Whoever shows the code is the customer; without it, a courier takes the order. */
export async function handoverStep(
  { collectionCode }: HandoverRouteOptions,
  intent: 'pickup' | 'delivery' | 'fulfillment',
  orderId: string,
  given: string | undefined,
): Promise<IntentStep> {
  const codeMatches =
    given === undefined || timingSafeEqual(Buffer.from(given), Buffer.from(await collectionCode(orderId)));
  return { intent, handover: given === undefined ? 'courier' : 'customer', codeMatches };
}
