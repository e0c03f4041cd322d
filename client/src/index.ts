// The package's front door: what stands here is promised, everything else is not.

export type { Answer, Call, Input, OptionsOf } from './call.ts';
export type { CallOptions, KeyedOptions, RetryNotice } from './call-options.ts';
export { type Client, type ClientOptions, createClient } from './client.ts';
export type * from './documents.ts';
export {
  type AnyProblem,
  ConnectionError,
  DoorbusterError,
  DoorbusterProblem,
  isProblem,
  UnexpectedAnswerError,
} from './errors.ts';
export { newIdempotencyKey } from './idempotency-key.ts';
export type { Listing } from './listing.ts';
export type { ProblemExtras } from './problem-extras.ts';
export type { OrderEvent, ReadOrder } from './resources/orders.ts';
export type { ReadSale } from './resources/sales.ts';
export type { EndpointPlace } from './resources/webhook-endpoints.ts';
export type { RetryOptions } from './retry-delay.ts';
export type { Versioned } from './send.ts';
export type { Fetch } from './send-once.ts';
export type { WatchOptions } from './watch.ts';
