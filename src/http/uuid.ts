import { Type } from 'typebox';

/** An id on the wire, in any letter case. */
export const Uuid = Type.String({ format: 'uuid' });
