/**
 * A label may only have values that are known beforehand: each pair of labels is a series that stays until the process
 * ends. Whatever else comes is counted as `other`.
 */
export function createKnownLabel(values: readonly string[]): (value: string) => string {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : 'other');
}
