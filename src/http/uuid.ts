import { Type } from 'typebox';

/** An id on the wire. The pattern is narrower than JSON Schema's format, which lets `urn:uuid:` pass. */
export const Uuid = Type.String({
  format: 'uuid',
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
});
