import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { TestDatabase } from '../support/database.ts';
import { scaled } from '../support/scale.ts';
import { createStage } from '../support/stage.ts';
import { type Operation, pathWith, readApiDocument, type Schema, typesOf } from './api-document.ts';
import { ask } from './ask.ts';
import { createWorld, exampleBody, ROLES, untilAtRest, WORLD_SETTINGS, type World } from './world.ts';

// Every body that the running engine documents, with something wrong at every place where something can be wrong.

const stage = createStage({ after });
let database: TestDatabase;
let url: string;
let operations: readonly Operation[];
let world: World;

before(async () => {
  database = await stage.database();
  ({ url } = await stage.engine({ ...WORLD_SETTINGS, DATABASE_URL: database.url }));
  operations = (await readApiDocument(url)).operations.filter(({ body }) => body !== undefined);
  assert.ok(operations.length > 20);
  world = await createWorld(url, database);
  await untilAtRest(database);
});

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Place = readonly (string | number)[];

/** A place of a body that has a schema of its own. Of a list, its first member stands for all. */
interface Spot {
  readonly place: Place;
  readonly schema: Schema;
}

function spotsOf(schema: Schema, place: Place = []): Spot[] {
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, each]) => spotsOf(each, [...place, name]));
  const items = schema.items === undefined ? [] : spotsOf(schema.items, [...place, 0]);
  return [{ place, schema }, ...members, ...items];
}

/** A JSON pointer (RFC 6901). */
const pointerTo = (place: Place) =>
  place.map((each) => `/${String(each).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The value with another one at a place. */
function withAt(value: Json, [first, ...rest]: Place, put: Json): Json {
  if (first === undefined) return put;
  if (typeof first === 'number') {
    const list = Array.isArray(value) ? (value as readonly Json[]) : [];
    return [withAt(list[first] ?? null, rest, put), ...list.slice(1)];
  }
  const object = typeof value === 'object' && value !== null ? value : {};
  return { ...object, [first]: withAt((object as Record<string, Json>)[first] ?? null, rest, put) } as Json;
}

/** Sent by somebody who may, so that nothing but the body is wrong. */
function post(operation: Operation, rawBody: string) {
  return ask(operation.method, url + pathWith(operation, world.ours.ids), {
    token: world.ours.tokens[rightful(operation)],
    rawBody,
    key: randomUUID(),
    headers: { 'if-match': '*' },
  });
}

function rightful({ name }: Operation) {
  if (name === 'POST /api/v1/orders' || name.endsWith('/payment')) return 'customer';
  if (/\/(rejection|fulfillment)$/.test(name)) return 'merchant';
  return /\/(pickup|delivery)$/.test(name) ? 'courier' : ROLES[4];
}

async function assertRefusedAt(operation: Operation, rawBody: string, pointer: string, what: string): Promise<void> {
  const answer = await post(operation, rawBody);
  const message = `${operation.name} with ${what} at "${pointer}": ${answer.status} ${answer.text.slice(0, 500)}`;
  assert.deepEqual([answer.status, answer.json?.code], [400, 'validation-failed'], message);
  const pointers: string[] = answer.json.errors.map((fault: { pointer: string }) => fault.pointer);
  assert.ok(
    pointers.some((each) => each === pointer || each.startsWith(`${pointer}/`)),
    message,
  );
}

/** All that the ledger keeps but for what its own clockwork writes. */
async function digestOfLedger(): Promise<unknown> {
  const tables = await database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name NOT IN ('processes', 'duty_attempts', 'alert_changes', 'ledger', 'incidents', 'notifications')
     ORDER BY 1`,
  );
  const digests = await Promise.all(
    tables.map(({ name }) => database.query(`SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM ${name} AS t`)),
  );
  return Object.fromEntries(tables.map(({ name }, index) => [name, digests[index]]));
}

/** Members that only the engine decides, or that mean something to JavaScript. */
const UNKNOWN_MEMBERS = ['status', 'price', 'userId', 'version', 'role', 'constructor', 'toString', '__proto__', ''];

test('SEC-05 an unknown member at any level of any body is 400 with its pointer, and nothing is applied', async () => {
  const before = await digestOfLedger();
  let asked = 0;
  for (const operation of operations) {
    const example = exampleBody(operation, world.ours) as Json;
    for (const { place, schema } of spotsOf(operation.body ?? {})) {
      if (!typesOf(schema).includes('object') || schema.additionalProperties !== false) continue;
      for (const name of UNKNOWN_MEMBERS.filter((each) => !(each in { ...schema.properties }))) {
        asked += 1;
        if (name === '__proto__') continue;
        const wrong = withAt(example, [...place, name], 1);
        await assertRefusedAt(operation, JSON.stringify(wrong), pointerTo([...place, name]), 'an unknown member');
      }
      // JSON.stringify leaves it out: written by hand.
      const poisoned = JSON.stringify(withAt(example, [...place, 'POISON'], { role: 'operator' }));
      const answer = await post(operation, poisoned.replace('"POISON"', '"__proto__"'));
      assert.equal(answer.status, 400, `${operation.name}: ${answer.text}`);
      const told = answer.json.code === 'malformed-request' || answer.json.errors[0].pointer.endsWith('/__proto__');
      assert.ok(told, answer.text);
    }
  }
  assert.ok(asked > 150, String(asked));
  assert.deepEqual(await digestOfLedger(), before);
});

test('every level of every body is closed, but for what shops may put there themselves', () => {
  const open = operations.flatMap((operation) =>
    spotsOf(operation.body ?? {})
      .filter(({ schema }) => typesOf(schema).includes('object') && schema.additionalProperties !== false)
      .map(({ place }) => `${operation.name} ${pointerTo(place)}`),
  );
  assert.deepEqual(open, ['POST /api/v1/orders /metadata']);
});

const ajv = formats.default(new Ajv2020({ strict: false }));

/** What no whole number is, whatever its limits. */
const NO_INTEGERS: readonly Json[] = [1.5, '1', 2 ** 53, -(2 ** 53), 1e308, true, [1], { valueOf: 1 }, ''];

const WRONG_VALUES: readonly Json[] = [
  null,
  false,
  0,
  -1,
  ...NO_INTEGERS,
  [],
  {},
  [null],
  'x'.repeat(30_000),
  'a\u0000b',
  '\ud800',
  '＇１',
  "'; DROP TABLE orders; --",
  Array.from({ length: 1_000 }, () => 'order.paid'),
  { $ne: null },
];

/** Each place meets some of its wrong values, each time others; in the full form, all of them. */
const VALUES_PER_PLACE = scaled(6, Number.POSITIVE_INFINITY);

test('SEC-05 a value that a member cannot have is 400 with its pointer, and nothing is applied', async () => {
  const before = await digestOfLedger();
  let asked = 0;
  for (const operation of operations) {
    const example = exampleBody(operation, world.ours) as Json;
    for (const { place, schema } of spotsOf(operation.body ?? {})) {
      const isValid = ajv.compile(schema);
      const isInteger = typesOf(schema).includes('integer');
      if (isInteger)
        for (const value of NO_INTEGERS) assert.ok(!isValid(value), `${operation.name} ${pointerTo(place)}`);
      const wrong = WRONG_VALUES.filter((value) => !isValid(value));
      assert.ok(wrong.length > 5, `${operation.name} takes nearly anything at ${pointerTo(place)}`);
      for (let count = 0; count < Math.min(VALUES_PER_PLACE, wrong.length); count += 1) {
        const value = wrong[asked % wrong.length] ?? null;
        asked += 1;
        const what = JSON.stringify(value).slice(0, 50);
        await assertRefusedAt(operation, JSON.stringify(withAt(example, place, value)), pointerTo(place), what);
      }
    }
  }
  assert.ok(asked > 400, String(asked));
  assert.deepEqual(await digestOfLedger(), before);
});

test('SEC-05 quantities, prices and stock: 0 only where nothing is meant, nothing negative, nothing too large to count', () => {
  const limits = operations.flatMap((operation) =>
    spotsOf(operation.body ?? {})
      .filter(({ schema }) => typesOf(schema).includes('integer'))
      .map(({ place, schema }) => ({ at: `${operation.name} ${pointerTo(place)}`, ...schema })),
  );
  assert.ok(limits.length > 15);
  for (const { at, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } of limits) {
    assert.ok(maximum <= Number.MAX_SAFE_INTEGER, at);
    const least = /adjustBy$/.test(at)
      ? -maximum
      : /(quantity|amountMinor|retainMinor|count|limitPerCustomer)$/.test(at)
        ? 1
        : 0;
    assert.ok(minimum >= least, `${at}: ${minimum}`);
  }
});
