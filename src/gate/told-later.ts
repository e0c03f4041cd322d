import { setImmediate } from 'node:timers/promises';
import type { Ending, LedgerStock } from './stock-gate.ts';

/** What waits to be told to the gate. */
export interface Told {
  readonly stock: readonly LedgerStock[];
  readonly endings: readonly Ending[];
}

/** Gathers what is to be told while the last of it is on its way. Bounded; never throws. */
export interface ToldLater {
  tell(stock: readonly LedgerStock[]): void;
  settle(endings: readonly Ending[]): void;
  /** Resolves when what was told until now has been sent, or given up. */
  sent(): Promise<void>;
}

/** What waits at most, in endings, in items, and in characters of kept orders: a second of a hot sale, in 32 MB. */
const ENDINGS_MAX = 10_000;
const ITEMS_MAX = 10_000;
const CHARACTERS_MAX = 16_000_000;

/**
 * Sends together what was told in one turn of the event loop, and what comes while that is under way in the next round:
 * one round at a time, so a slow Redis gets larger rounds instead of more of them.
 *
 * `send` must not reject. `onDropped` hears of endings for which there was no room.
 */
export function createToldLater(options: {
  readonly send: (told: Told) => Promise<void>;
  readonly onDropped: (endings: number) => void;
}): ToldLater {
  let stock = new Map<string, LedgerStock>();
  let endings: Ending[] = [];
  let characters = 0;
  let sending: Promise<void> | undefined;

  function take(): Told {
    const told = { stock: [...stock.values()], endings };
    stock = new Map();
    endings = [];
    characters = 0;
    return told;
  }

  async function sendAll(): Promise<void> {
    // The endings of one commit come one after the other, in one turn.
    await setImmediate();
    while (endings.length > 0 || stock.size > 0) await options.send(take());
    sending = undefined;
  }

  return {
    tell(told) {
      for (const item of told) {
        const key = `${item.saleId}/${item.itemId}`;
        const waiting = stock.get(key);
        if (waiting === undefined ? stock.size < ITEMS_MAX : waiting.version < item.version) stock.set(key, item);
      }
      sending ??= sendAll();
    },
    settle(ended) {
      const before = endings.length;
      for (const ending of ended) {
        const size = ending.placed?.order.length ?? 0;
        if (endings.length >= ENDINGS_MAX || characters + size > CHARACTERS_MAX) continue;
        endings.push(ending);
        characters += size;
      }
      const dropped = before + ended.length - endings.length;
      if (dropped > 0) options.onDropped(dropped);
      sending ??= sendAll();
    },
    async sent() {
      while (sending !== undefined) await sending;
    },
  };
}
