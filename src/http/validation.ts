import { Ajv, type ErrorObject, type Options } from 'ajv';
import formats from 'ajv-formats';
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
import type { ProblemDetails } from './problems.ts';

/** RFC 9562's text form and no other: what is commonly used for this format lets `urn:uuid:` pass. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function createAjv(options: Options): Ajv {
  return formats.default(new Ajv({ ...options, allErrors: true, removeAdditional: false })).addFormat('uuid', UUID);
}

/** Bodies are taken as they are: nothing is coerced, defaulted away or dropped in silence. */
const bodies = createAjv({ coerceTypes: false });

/** Query strings and path parameters are text; numbers and booleans are read out of it. */
const texts = createAjv({ coerceTypes: true, useDefaults: true });

/** Fastify's validator compiler: strict for bodies, reading numbers out of text elsewhere. */
export const compileValidator: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
  (httpPart === 'body' ? bodies : texts).compile(schema);

/** Faults that are told at once: a small body can have very many. */
const ERRORS_MAX = 100;

/** All faults of a request in one problem, each with a JSON pointer (RFC 6901) to its place. */
export function validationProblem(
  faults: readonly FastifySchemaValidationError[],
  part: string | undefined,
): ProblemDetails {
  const errors = faults.slice(0, ERRORS_MAX).map((fault) => ({
    ...(part === 'body' ? {} : { in: part === 'params' ? 'path' : 'query' }),
    pointer: pointerOf(fault),
    detail: sentenceOf(fault),
  }));
  return { detail: 'See errors for each place that must change.', extras: { errors } };
}

function pointerOf(fault: FastifySchemaValidationError): string {
  const member = fault.params['missingProperty'] ?? fault.params['additionalProperty'];
  if (typeof member !== 'string') return fault.instancePath;
  return `${fault.instancePath}/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function sentenceOf(fault: Pick<ErrorObject, 'keyword' | 'params'> & { message?: string }): string {
  if (fault.keyword === 'required') return 'is required';
  if (fault.keyword === 'additionalProperties') return 'is not a known member';
  if (fault.keyword === 'enum') return `must be one of ${(fault.params['allowedValues'] as unknown[]).join(', ')}`;
  return fault.message ?? 'is not valid';
}
