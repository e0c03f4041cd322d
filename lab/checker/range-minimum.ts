/**
 * Prepares `values` so that the least of any stretch, both ends included, is found in constant time. A sparse table:
 * row k holds the minima of all stretches of 2^k, and two of them that overlap cover any stretch (Bender and
 * Farach-Colton, "The LCA Problem Revisited", 2000). n log n numbers of memory.
 */
export function indexMinima(values: readonly number[]): (from: number, to: number) => number {
  const rows: Float64Array[] = [Float64Array.from(values)];
  for (let width = 2; width <= values.length; width *= 2) {
    const shorter = rows.at(-1) ?? new Float64Array();
    const row = new Float64Array(values.length - width + 1);
    for (let start = 0; start < row.length; start += 1) {
      row[start] = Math.min(shorter[start] ?? Number.NaN, shorter[start + width / 2] ?? Number.NaN);
    }
    rows.push(row);
  }
  return (from, to) => {
    const level = 31 - Math.clz32(to - from + 1);
    const row = rows[level];
    return Math.min(row?.[from] ?? Number.NaN, row?.[to - 2 ** level + 1] ?? Number.NaN);
  };
}
