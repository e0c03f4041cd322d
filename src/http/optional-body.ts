import { type Static, type TObject, type TProperties, type TUnsafe, Type } from 'typebox';

/** A body of which every member may be left out, and so may the body itself. */
export function optionalBody<Properties extends TProperties>(
  properties: Properties,
): TUnsafe<Static<TObject<Properties>> | null> {
  const object = Type.Object(properties, { additionalProperties: false });
  return Type.Unsafe<Static<TObject<Properties>> | null>({ ...object, type: ['object', 'null'] });
}
