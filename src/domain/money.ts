/** The largest price of one unit, in minor units (cents): far above any ticket, far below 2^53. */
export const PRICE_MINOR_MAX = 1_000_000_000_000;

/** The most units one line may ask for. With PRICE_MINOR_MAX and LINES_MAX every total stays an exact integer. */
export const QUANTITY_MAX = 100;

/** The most lines one order may have. */
export const LINES_MAX = 50;
