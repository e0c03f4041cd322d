import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Answer } from '../support/client.ts';
import type { ApiDocument, Operation, Schema } from './api-document.ts';

/** Demands of an answer all that the OpenAPI document says of the operation's answers. Throws what is wrong with it. */
export type AssertConforms = (operation: Operation, answer: Answer) => void;

/** What stands in no answer whatever happens: stacks, SQL, paths, and how JavaScript and drivers complain. */
const LEAKS =
  /\bat \S+ \(|node_modules|node:internal|\/(src|work|home|tmp)\/|\.ts:\d|\b(SELECT|INSERT INTO|UPDATE|DELETE FROM) \S+ |invalid input syntax|violates|(Type|Reference|Syntax|Range)Error|ECONN|Cannot read|is not a function|undefined is not/;

/** Text that a client sent comes back in what it made, and looks how it likes. */
const ECHOES = new Set([200, 201, 202]);

export function createAssertConforms({ operations, schemas }: ApiDocument): AssertConforms {
  const ajv = formats.default(
    new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, strictRequired: false }),
  );
  for (const [name, schema] of Object.entries(schemas)) ajv.addSchema(closed(schema), `#/components/schemas/${name}`);
  const validators = new Map<Schema, ValidateFunction>();
  for (const { responses } of operations) {
    for (const { content = {} } of Object.values(responses)) {
      for (const { schema } of Object.values(content)) validators.set(schema, ajv.compile(closed(schema)));
    }
  }

  return ({ name, responses }, { status, headers, text, json }) => {
    const message = `${name} answered ${status}: ${text.slice(0, 1_000)}`;
    assert.ok(status < 500, message);
    if (!ECHOES.has(status)) assert.doesNotMatch(text, LEAKS, message);
    assert.match(headers.get('request-id') ?? '', /^[0-9a-f-]{36}$/, message);
    const documented = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
    assert.ok(documented !== undefined, `This status is not documented. ${message}`);
    const type = (headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
    if (documented.content === undefined || status === 304) {
      assert.equal(text, '', message);
      return;
    }
    const schema = documented.content[type]?.schema;
    assert.ok(schema !== undefined, `The media type ${type} is not documented. ${message}`);
    if (!type.endsWith('json')) return;
    assert.notEqual(json, undefined, `This is no JSON. ${message}`);
    if (type === 'application/problem+json') assertProblem(status, headers, json, message);
    const isValid = validators.get(schema);
    assert.ok(isValid?.(json), `${ajv.errorsText(isValid?.errors)}. ${message}`);
  };
}

function assertProblem(status: number, headers: Headers, json: Answer['json'], message: string): void {
  assert.equal(json.status, status, message);
  assert.equal(json.requestId, headers.get('request-id'), message);
  assert.ok(json.type.endsWith(`/errors/${json.code}`), message);
  if (status === 401) assert.match(headers.get('www-authenticate') ?? '', /^Bearer/, message);
  if (status === 405) assert.notEqual(headers.get('allow'), null, message);
  if (status === 429) assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/, message);
}

/** Takes a schema at its word: what it does not name is not there. */
function closed(schema: Schema): Schema {
  const close = (each: Schema) => closed(each);
  return {
    ...schema,
    ...(schema.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(schema.properties).map(([name, each]) => [name, close(each)])),
          additionalProperties: schema.additionalProperties ?? false,
        }),
    ...(schema.items === undefined ? {} : { items: close(schema.items) }),
    ...(schema.anyOf === undefined ? {} : { anyOf: schema.anyOf.map(close) }),
  };
}
