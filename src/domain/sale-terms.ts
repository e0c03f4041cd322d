import type { StepTerms } from './order-facts.ts';

/** How long an order may take over each of its steps where the sale does not say. */
export const STEP_TERMS_DEFAULT: StepTerms = {
  holdSeconds: 300,
  retrySeconds: 120,
  pinSeconds: 600,
  acceptanceSeconds: 300,
};

/** A day. Longer, and a rush could be blocked by orders that nobody means to pay or to accept. */
export const STEP_SECONDS_MAX = 86_400;

/** The most items one sale may have. They are read and shown together. */
export const ITEMS_MAX = 200;

/** When a sale takes orders: from `opensAt` on, and none from `closesAt` on. */
export interface SaleWindow {
  readonly opensAt: Date;
  readonly closesAt: Date;
}

/** Whether there is a moment at which the sale is open. */
export function opensBeforeItCloses(window: SaleWindow): boolean {
  return window.opensAt < window.closesAt;
}
