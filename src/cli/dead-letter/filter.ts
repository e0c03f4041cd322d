import { given } from '../given.ts';
import { readOptionalId, readWord } from '../read-values.ts';

/** Which dead letters. */
export const FILTER_OPTIONS = {
  kind: { type: 'string' },
  merchant: { type: 'string' },
  endpoint: { type: 'string' },
  order: { type: 'string' },
} as const;

export const FILTER_HELP = `  --kind KIND     webhook, notification, settle, capture, cancel or refund
  --merchant ID   of this merchant
  --endpoint ID   for this webhook endpoint
  --order ID      about this order`;

const KINDS = ['webhook', 'notification', 'settle', 'capture', 'cancel', 'refund'] as const;

/** The filter as the API takes it. @throws UsageError */
export function readFilter(values: { readonly [Name in keyof typeof FILTER_OPTIONS]?: string | undefined }) {
  return given({
    kind: readWord('--kind', values.kind, KINDS),
    merchantId: readOptionalId('--merchant', values.merchant),
    endpointId: readOptionalId('--endpoint', values.endpoint),
    orderId: readOptionalId('--order', values.order),
  });
}
