/** How long an unpaid order keeps its stock where the sale does not say. */
export const HOLD_SECONDS_DEFAULT = 300;

/** A day. Longer, and a rush could be blocked by orders that nobody means to pay. */
export const HOLD_SECONDS_MAX = 86_400;

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
