/** Remembers values by key, and forgets those that nobody asked for in a long time. */
export interface BoundedMemory<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}

/**
 * A memory of at most `max` values, or of values whose sizes are at most `max` together (and one value more). It keeps
 * two generations: what is asked for moves to the young one, and when that has grown to half of `max` the old one is
 * dropped whole. So each call takes the same short time however many values there are, which dropping the oldest key
 * of one Map does not.
 */
export function createBoundedMemory<Value>(
  max: number,
  sizeOf: (value: Value, key: string) => number = () => 1,
): BoundedMemory<Value> {
  const generationMax = Math.max(1, Math.floor(max / 2));
  let young = new Map<string, Value>();
  let youngSize = 0;
  let old = new Map<string, Value>();

  function set(key: string, value: Value): void {
    const replaced = young.get(key);
    if (replaced !== undefined) youngSize -= sizeOf(replaced, key);
    young.set(key, value);
    youngSize += sizeOf(value, key);
    if (youngSize < generationMax) return;
    old = young;
    young = new Map();
    youngSize = 0;
  }

  return {
    set,
    get(key) {
      const recent = young.get(key);
      if (recent !== undefined) return recent;
      const value = old.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
  };
}
