import fc from 'fast-check';
import type { RequestOptions } from '../support/client.ts';
import { type Operation, type Parameter, pathParameters, type Schema, typesOf } from './api-document.ts';
import { exampleBody, type Holding, ROLES, type Role, type World } from './world.ts';

/** A request as it was drawn. Small enough to be read when it is printed. */
export interface DrawnRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly role: Role | 'nobody';
  readonly options: RequestOptions;
}

/** Text that breaks what takes it for more than text. */
const HOSTILE = [
  '',
  ' ',
  'a\u0000b',
  '\ud800',
  '\u202etxt.exe',
  '﷽'.repeat(50),
  'e\u0301\u0301\u0301',
  '👩‍👩‍👧‍👦',
  '\r\nSet-Cookie: a=b',
  "'; DROP TABLE orders; --",
  "' OR '1'='1",
  '{{7*7}}',
  '<script>alert(1)</script>',
  '../../../etc/passwd',
  '%00%2e%2e%2f',
  '=cmd|calc',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '-0',
  '1e999',
  '9007199254740993',
  '0x10',
  '١٢٣',
  'x'.repeat(5_000),
] as const;

const hostile = fc.constantFrom(...HOSTILE);
const anyText = fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 300 }));

const EDGE_NUMBERS = [0, -0, 1, -1, 1.5, 100, 101, 2 ** 31, -(2 ** 31), 2 ** 53, 2 ** 53 - 1, 1e308, 1e-308];

/** Nested far deeper than anything a schema asks for. */
function nested(depth: number, list: boolean): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = list ? [value] : { a: value };
  return value;
}

const deep = fc.tuple(fc.constantFrom(5, 33, 500, 3_000), fc.boolean()).map(([depth, list]) => nested(depth, list));
const long = fc.constantFrom(51, 2_000, 20_000).map((length) => Array.from({ length }, () => 1));

/** Any JSON, most of which nobody asked for. */
const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  anyText,
  fc.constantFrom(null, true, false, [], {}, ...EDGE_NUMBERS),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
  deep,
  long,
);

/** Values of a schema: good ones and those at its limits. `ids` are of things that exist, by the member's name. */
function valuesOf(schema: Schema, name: string, ids: Holding['ids']): fc.Arbitrary<unknown> {
  const known = schema.format === 'uuid' && ids[name] !== undefined ? [fc.constant(ids[name])] : [];
  const choices: fc.Arbitrary<unknown>[] = [...known, ...known];
  if (schema.enum !== undefined) choices.push(fc.constantFrom(...schema.enum));
  for (const type of typesOf(schema)) choices.push(ofType(type, schema, ids));
  return choices.length === 0 ? anyJson : fc.oneof(...choices);
}

function ofType(type: string, schema: Schema, ids: Holding['ids']): fc.Arbitrary<unknown> {
  if (type === 'null') return fc.constant(null);
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer' || type === 'number') return numbersOf(schema);
  if (type === 'string') return textsOf(schema);
  if (type === 'array') {
    const { minItems = 0, maxItems = minItems + 3 } = schema;
    return fc.array(valuesOf(schema.items ?? {}, '', ids), { minLength: minItems, maxLength: Math.min(maxItems, 5) });
  }
  return objectsOf(schema, ids);
}

function numbersOf({ minimum = -1_000, maximum = 1_000_000 }: Schema): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constantFrom(minimum, maximum),
    fc.integer({ min: minimum, max: Math.min(maximum, minimum + 20) }),
  );
}

const MOMENTS = [
  '2026-11-21T12:00:00Z',
  '2999-12-31T23:59:59.999999999+14:00',
  '2024-02-29T00:00:00-12:00',
  '2000-01-01T00:00:00Z',
];
const URLS = ['http://127.0.0.1:9/', 'http://127.0.0.1:9/a?b=c', 'http://[::1]:9/', 'https://user:pw@127.0.0.1:9/'];

function textsOf({ format, pattern, minLength = 0, maxLength = 200 }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'email') return fc.emailAddress({ size: 'small' });
  if (format === 'date-time') return fc.constantFrom(...MOMENTS);
  if (format === 'uri') return fc.constantFrom(...URLS);
  if (pattern === '^\\d{6}$') return fc.nat(999_999).map((code) => String(code).padStart(6, '0'));
  if (pattern === '^[A-Z]{3}$') return fc.constantFrom('EUR', 'JPY', 'KWD', 'XXX', 'ZZZ');
  if (pattern === '^[\\x21-\\x7e]+$') return fc.constantFrom('card_ok', 'card_declined', 'card_unknown', 'x');
  const most = Math.min(maxLength, 200);
  return fc.oneof(
    fc.string({ minLength, maxLength: Math.max(minLength, Math.min(20, most)) }),
    fc.constant('ä'.repeat(most)),
    fc.constant('😀'.repeat(Math.max(1, Math.floor(most / 2)))),
  );
}

function objectsOf({ properties = {}, required = [] }: Schema, ids: Holding['ids']): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, valuesOf(each, name, ids)]));
  return fc.record(model, { requiredKeys: [...required] });
}

/** A JSON value with something else at one of its places, or one place too many. */
function mutated(value: unknown, { at, put, name }: Mutation): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0 || at % 3 === 0) return [...value, put];
    return value.map((each, index) => (index === at % value.length ? mutated(each, next({ at, put, name })) : each));
  }
  if (typeof value !== 'object' || value === null) return put;
  const names = Object.keys(value);
  if (names.length === 0 || at % 4 === 0) return { ...value, [name]: put };
  const chosen = names[at % names.length] ?? name;
  const entries = Object.entries(value);
  if (at % 5 === 0) return Object.fromEntries(entries.filter(([each]) => each !== chosen));
  return Object.fromEntries(
    entries.map(([each, old]) => [each, each === chosen ? mutated(old, next({ at, put, name })) : old]),
  );
}

interface Mutation {
  readonly at: number;
  readonly put: unknown;
  readonly name: string;
}

const next = ({ at, ...rest }: Mutation): Mutation => ({ ...rest, at: Math.floor(at / 2) });

const mutation: fc.Arbitrary<Mutation> = fc.record({ at: fc.nat(1_000), put: anyJson, name: anyText });

type Body =
  | { readonly body?: unknown }
  | { readonly rawBody: string; readonly headers?: Readonly<Record<string, string>> };

const BROKEN_BODIES: readonly Body[] = [
  { rawBody: '' },
  { rawBody: '{' },
  { rawBody: 'null' },
  { rawBody: '[]' },
  { rawBody: '"' },
  { rawBody: '\ufeff{}' },
  { rawBody: '{"a":1,"a":2}' },
  { rawBody: '{"__proto__":{"role":"operator"}}' },
  { rawBody: 'x'.repeat(70_000) },
  { rawBody: `${'['.repeat(20_000)}${']'.repeat(20_000)}` },
  { rawBody: '{}', headers: { 'content-type': 'text/plain' } },
  { rawBody: '{}', headers: { 'content-type': 'application/json; charset=utf-16' } },
  { rawBody: '{}', headers: { 'content-type': 'application/xml' } },
  { rawBody: '{}', headers: { 'content-encoding': 'gzip' } },
];

function bodiesOf(operation: Operation, world: World): fc.Arbitrary<Body> {
  const broken = fc.constantFrom<Body>(...BROKEN_BODIES);
  const { body: schema } = operation;
  if (operation.method === 'GET') return fc.constant({});
  if (schema === undefined) {
    return fc.oneof(
      { weight: 6, arbitrary: fc.constant<Body>({}) },
      { weight: 1, arbitrary: fc.constant<Body>({ body: {} }) },
      { weight: 1, arbitrary: anyJson.map((body): Body => ({ body })) },
      { weight: 1, arbitrary: broken },
    );
  }
  const good = valuesOf(schema, '', world.ours.ids);
  const example = fc.constant(0).map(() => exampleBody(operation, world.ours));
  return fc.oneof(
    { weight: 6, arbitrary: fc.oneof(good, example).map((body): Body => ({ body })) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.oneof(good, example), mutation)
        .map(([body, change]): Body => ({ body: mutated(body, change) })),
    },
    { weight: 1, arbitrary: anyJson.map((body): Body => ({ body })) },
    { weight: 1, arbitrary: broken },
  );
}

/** Percent-encoded as a URL wants it; lone surrogates have no form in it. */
const encoded = (value: unknown) => encodeURIComponent(String(value).toWellFormed());

/** Things that requests may be about, by the name of the id: several of each. */
export type Pool = Readonly<Record<string, readonly string[]>>;

/** Takes away what others are asked about. */
const isDestructive = ({ method, path }: Operation) => method === 'DELETE' || path.endsWith('/erasure');

function pathsOf(operation: Operation, world: World, pool: Pool): fc.Arbitrary<string> {
  const [near, far] = isDestructive(operation) ? [world.theirs, world.ours] : [world.ours, world.theirs];
  const model = Object.fromEntries(
    pathParameters(operation).map((name) => [
      name,
      fc.oneof(
        { weight: 10, arbitrary: fc.constantFrom(near.ids[name] ?? '', ...(pool[name] ?? [])) },
        { weight: isDestructive(operation) ? 0 : 2, arbitrary: fc.constant(far.ids[name] ?? '') },
        { weight: 1, arbitrary: fc.uuid() },
        { weight: 1, arbitrary: anyText },
      ),
    ]),
  );
  return fc
    .record(model)
    .map((values: Record<string, string>) =>
      operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(values[name]) || 'none'),
    );
}

function queriesOf(operation: Operation, world: World): fc.Arbitrary<string> {
  const own = operation.parameters.filter((each) => each.in === 'query');
  const pairOf = ({ name, schema }: Parameter) =>
    fc
      .oneof({ weight: 4, arbitrary: valuesOf(schema, name, world.ours.ids) }, { weight: 1, arbitrary: anyText })
      .map((value) => `${name}=${encoded(value)}`);
  const strange = fc.tuple(anyText, anyText).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  const pairs = own.length === 0 ? [strange] : [strange, ...own.map(pairOf), ...own.map(pairOf), ...own.map(pairOf)];
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant('') },
    {
      weight: 4,
      arbitrary: fc.array(fc.oneof(...pairs), { minLength: 1, maxLength: 4 }).map((all) => `?${all.join('&')}`),
    },
    { weight: 1, arbitrary: fc.constantFrom('?', '?&&&', '?%', '?%FF', '?a[b]=c', `?${'a=b&'.repeat(500)}`) },
  );
}

/** What may stand in a header of HTTP: no control characters, one byte each. */
const headerText = fc.oneof(
  fc.constantFrom('', '"', '""', '*', 'W/"1"', '"1", W/"2"', '"1"', '1', '"0"', '-1', '1e9', '99999999999', ','),
  fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 300 }),
  fc.string({ unit: fc.integer({ min: 0xa0, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
);

const SOME_HEADERS = [
  'if-none-match',
  'last-event-id',
  'accept',
  'x-forwarded-for',
  'forwarded',
  'traceparent',
  'origin',
  'range',
  'x-http-method-override',
  'webhook-id',
  'webhook-signature',
  'stripe-signature',
] as const;

const headersOf: fc.Arbitrary<Record<string, string>> = fc
  .record({
    key: fc.oneof(
      { weight: 8, arbitrary: fc.uuid() },
      { weight: 1, arbitrary: fc.constantFrom(undefined, 'the same') },
      { weight: 1, arbitrary: headerText },
    ),
    ifMatch: fc.oneof(
      { weight: 6, arbitrary: fc.constant<string | undefined>('*') },
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: headerText },
    ),
    others: fc.dictionary(fc.constantFrom(...SOME_HEADERS), headerText, { maxKeys: 2 }),
  })
  .map(({ key, ifMatch, others }) => ({
    ...others,
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
  }));

/** Requests near what an operation takes, by callers in every role, but mostly by those who `may` ask for it. */
export function requestsOf(
  operation: Operation,
  world: World,
  pool: Pool,
  may: readonly string[],
): fc.Arbitrary<DrawnRequest> {
  const rightful = ROLES.filter((role) => may.includes(role));
  const role = fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom<Role | 'nobody'>(...ROLES, 'nobody') },
    { weight: 3, arbitrary: fc.constantFrom<Role | 'nobody'>(...(rightful.length > 0 ? rightful : ROLES)) },
  );
  return fc
    .record({
      role,
      path: pathsOf(operation, world, pool),
      query: queriesOf(operation, world),
      headers: headersOf,
      body: bodiesOf(operation, world),
    })
    .map(({ role, path, query, headers, body }): DrawnRequest => {
      const token = role === 'nobody' ? {} : { token: world.ours.tokens[role] };
      const extra = 'headers' in body ? body.headers : {};
      const options: RequestOptions = { ...token, ...body, headers: { ...headers, ...extra } };
      return { name: operation.name, method: operation.method, path: path + query, role, options };
    });
}
