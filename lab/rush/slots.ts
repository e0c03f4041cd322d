/** A bounded number of permits to do something at the same time. */
export interface Slots {
  /** Waits for a permit. Those who come back (`again`) go before those who come for the first time. */
  take(again: boolean): Promise<void>;
  give(): void;
}

/** Makes `count` permits. First come, first served within each of the two queues. */
export function createSlots(count: number): Slots {
  const again: (() => void)[] = [];
  const first: (() => void)[] = [];
  let free = count;
  return {
    take(isAgain) {
      if (free > 0) {
        free -= 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => (isAgain ? again : first).push(resolve));
    },
    give() {
      const next = again.shift() ?? first.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
