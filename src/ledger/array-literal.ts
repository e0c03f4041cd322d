/**
 * A PostgreSQL array literal of values that need no quoting (uuids, integers, hex, enum labels). Building it
 * here costs a fraction of the driver's general encoder, which must look at every value.
 */
export function arrayLiteral(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}
