type Given<Values> = { [Name in keyof Values]?: NonNullable<Values[Name]> };

/** Those values that were given, as a query or a filter of the API takes them. */
export function given<Values extends object>(values: Values): Given<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<Values>;
}
