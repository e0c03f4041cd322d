/** Remembers by key what is there for a moment only. */
export interface PassingMap<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  entries(): Iterable<readonly [Key, Value]>;
}

/** Copying fewer entries than that is not worth a count. */
const WRITES_MIN = 64;

/**
 * A map whose entries come and go quickly. Where a `Map` has no room left, V8 gives it a new table and lets the old one point to
 * it. Once one of these tables counts as an old object, all later ones, with every key and value that was ever in them,
 * are kept from the quick collections of young objects: what passed through in a millisecond stays until the next full
 * collection. So this map begins a new `Map`, to which no old table points, before V8 would make room.
 */
export function createPassingMap<Key, Value>(): PassingMap<Key, Value> {
  let current = new Map<Key, Value>();
  let writesLeft = WRITES_MIN;

  return {
    get: (key) => current.get(key),
    set(key, value) {
      if (writesLeft === 0) {
        current = new Map(current);
        writesLeft = Math.max(WRITES_MIN, current.size);
      }
      writesLeft -= 1;
      current.set(key, value);
    },
    delete(key) {
      current.delete(key);
    },
    entries: () => current.entries(),
  };
}
