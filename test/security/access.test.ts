import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Answer } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { createStage } from '../support/stage.ts';
import { readAccessTable } from './access-table.ts';
import { type ApiDocument, type Operation, pathParameters, pathWith, readApiDocument } from './api-document.ts';
import { ask } from './ask.ts';
import { accountOf, createWorld, exampleBody, ROLES, type Role, WORLD_SETTINGS, type World } from './world.ts';

// Every operation that the running engine documents is asked by everybody for everything. What a new operation needs
// (an id to put into its path, a body, a row of docs/access.md) fails the tests until it is there.

const stage = createStage({ after });
let database: TestDatabase;
let url: string;
let document: ApiDocument;
let world: World;
/** Who may ask for an operation, by its name: what docs/access.md says. */
let access: ReadonlyMap<string, readonly string[]>;

before(async () => {
  database = await stage.database();
  ({ url } = await stage.engines({ ...WORLD_SETTINGS, DATABASE_URL: database.url }));
  document = await readApiDocument(url);
  world = await createWorld(url, database);
  access = await readAccessTable();
});

/** Public addresses and those of payment providers belong to nobody. */
const owned = () => document.operations.filter((each) => each.secured && pathParameters(each).length > 0);

interface Asked {
  readonly ids?: Readonly<Record<string, string>>;
  readonly token?: string | undefined;
  /** Without a key or a precondition, so that whoever may do it is told so and nothing happens. */
  readonly harmless?: boolean;
  readonly body?: unknown;
  readonly query?: string;
}

function call(operation: Operation, { ids = world.ours.ids, token, harmless, body, query = '' }: Asked) {
  const example = body ?? exampleBody(operation, { ...world.ours, ids });
  return ask(operation.method, url + pathWith(operation, ids) + query, {
    ...(token === undefined ? {} : { token }),
    ...(example === undefined ? {} : { body: example }),
    ...(harmless ? {} : { headers: { 'if-match': '*' }, key: randomUUID() }),
  });
}

/** Headers that are this exchange's own. */
const OWN_HEADERS = ['date', 'request-id', 'server-time', 'connection', 'keep-alive'];

/** All that a caller can learn from an answer: every byte but for the id of the request, and every header. */
function seenIn({ status, headers, text, json }: Answer): unknown {
  const fields = [...headers].filter(([name]) => !OWN_HEADERS.includes(name));
  return { status, fields, text: text.replaceAll(json?.requestId ?? '\u0000', '…') };
}

const unknownIds = (ids: Readonly<Record<string, string>>, but: readonly string[] = []) =>
  Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, but.includes(name) ? id : randomUUID()]));

const strangers = () =>
  ROLES.filter((role) => role !== 'operator').map((role) => [role, world.theirs.tokens[role]] as const);

test('SEC-01 every operation with the id of something owned: to a stranger in any role it is an unknown id, byte for byte', async () => {
  for (const operation of owned()) {
    for (const [role, token] of strangers()) {
      const real = await call(operation, { token });
      const unknown = await call(operation, { token, ids: unknownIds(world.ours.ids, ['provider', 'email']) });
      const message = `${operation.name} by another's ${role}`;
      assert.deepEqual(seenIn(real), seenIn(unknown), message);
      // Of what only operators have to do with, everybody else is told so, whatever the id.
      const expected = operation.path.startsWith('/api/v1/admin/') ? [403] : [404];
      assert.ok(expected.includes(real.status), `${message}: ${real.status} ${real.text}`);
    }
  }
});

test("SEC-01 what belongs to another does not come in by way of one's own: every mixture of ids in a path is an unknown id", async () => {
  const several = owned().filter((operation) => pathParameters(operation).length > 1);
  assert.ok(several.length >= 8);
  for (const operation of several) {
    const names = pathParameters(operation);
    // Bit by bit: which of the ids are ours, the rest the caller's own. All or none of them is no mixture.
    for (let mixture = 1; mixture < 2 ** names.length - 1; mixture += 1) {
      const foreign = names.filter((_, index) => mixture & (1 << index));
      const ids = { ...world.theirs.ids, ...pick(world.ours.ids, foreign) };
      const unknown = { ...world.theirs.ids, ...unknownIds(pick(world.ours.ids, foreign)) };
      for (const role of ['merchant', 'API key'] as const) {
        const token = world.theirs.tokens[role];
        const [real, none] = [await call(operation, { token, ids }), await call(operation, { token, ids: unknown })];
        assert.deepEqual(seenIn(real), seenIn(none), `${operation.name} with the ${foreign} of others, by ${role}`);
        assert.ok([403, 404].includes(real.status), `${operation.name}: ${real.status} ${real.text}`);
      }
    }
  }
});

function pick(ids: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(ids).filter(([name]) => names.includes(name)));
}

/** Members and query members that name something public: whoever knows the id may. */
const PUBLIC_REFERENCES = new Set(['GET /api/v1/sales merchantId']);

/** Whom an operation lets name anything: the answer is about nothing, or the rules of the thing decide. */
const MAY_NAME_ANYTHING: Readonly<Record<string, readonly Role[]>> = {
  // A sale is public, so customers order in it, and whoever may not order is told so.
  'POST /api/v1/orders': ['customer'],
};

/** Where operations take ids apart from their path, by name. */
function references(operation: Operation): { readonly name: string; readonly in: 'query' | 'body' }[] {
  const inQuery = operation.parameters.filter((each) => each.in === 'query' && each.schema.format === 'uuid');
  const inBody = Object.entries(operation.body?.properties ?? {}).filter(([, { format }]) => format === 'uuid');
  return [
    ...inQuery.map(({ name }) => ({ name, in: 'query' as const })),
    ...inBody.map(([name]) => ({ name, in: 'body' as const })),
  ].filter(({ name }) => !PUBLIC_REFERENCES.has(`${operation.name} ${name}`));
}

test('SEC-01 SEC-02 an id of something owned in a query or a body: to a stranger in any role it is an unknown id, or 403', async () => {
  let asked = 0;
  for (const operation of document.operations.filter(({ secured }) => secured)) {
    for (const reference of references(operation)) {
      for (const [role, token] of strangers()) {
        if (MAY_NAME_ANYTHING[operation.name]?.includes(role)) continue;
        const named = (id: string) => {
          const own = { ids: world.theirs.ids, token };
          if (reference.in === 'query') return call(operation, { ...own, query: `?${reference.name}=${id}` });
          return call(operation, { ...own, body: { ...exampleBody(operation, world.theirs), [reference.name]: id } });
        };
        const id = world.ours.ids[reference.name];
        assert.ok(id !== undefined, `There is no fixture for ${reference.name} of ${operation.name}.`);
        const [real, unknown] = [await named(id), await named(randomUUID())];
        const message = `${operation.name} by another's ${role}, naming a ${reference.name} of ours`;
        assert.deepEqual(seenIn(real), seenIn(unknown), message);
        if (reference.name === 'userId' && role === 'customer') assert.equal(real.status, 403, message);
        // An empty list says as little as an unknown id.
        if (real.status === 200 && real.json !== undefined) assert.deepEqual(real.json.data, [], message);
        asked += 1;
      }
    }
  }
  assert.ok(asked > 50, String(asked));
});

test('SEC-03 every operation on which a caller must be known: anonymous is 401 with WWW-Authenticate, before anything else', async () => {
  for (const operation of document.operations.filter(({ secured }) => secured)) {
    const answer = await call(operation, {});
    assert.deepEqual([answer.status, answer.json.code], [401, 'unauthenticated'], operation.name);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer', operation.name);
  }
});

test('SEC-03 docs/access.md has a row for each documented operation and no other', () => {
  assert.deepEqual([...access.keys()].sort(), document.operations.map(({ name }) => name).sort());
  for (const [name, who] of access) {
    for (const each of who) assert.ok(['anybody', ...ROLES].includes(each), `${name}: ${each}`);
  }
});

const REFUSED = [401, 403, 404];

/** What is gone after it was asked for comes last. */
const inOrder = () =>
  document.operations.toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));

test('SEC-03 who may do what is what docs/access.md says: asked about their own things, those pass, and all others get 403 or 404', async () => {
  for (const operation of inOrder().filter(({ secured }) => secured)) {
    const may = access.get(operation.name) ?? [];
    // Whoever may is asked last: after a DELETE there is nothing left to ask for.
    for (const role of ROLES.toSorted((a, b) => Number(may.includes(a)) - Number(may.includes(b)))) {
      const answer = await call(operation, { ...ownThings(operation, role), harmless: true });
      const message = `${operation.name} by ${role}: ${answer.status} ${answer.text}`;
      if (!may.includes(role)) {
        // What is for operators is known to be there, so everybody else is told as much.
        const expected = operation.path.startsWith('/api/v1/admin/') ? [403] : [403, 404];
        assert.ok(expected.includes(answer.status), message);
        continue;
      }
      assert.ok(!REFUSED.includes(answer.status), message);
      if (operation.method === 'DELETE') break;
    }
  }
});

/** What somebody has to do with most: the test buyer has a sale of its own, and everybody an account. */
function ownThings({ name, path }: Operation, role: Role): Asked {
  const { ids, ownIds, tokens } = world.ours;
  const token = tokens[role];
  if (path.endsWith('/erasure') && access.get(name)?.includes(role))
    return { token, ids: { ...ids, accountId: accountOf(token) } };
  const query = path.startsWith('/api/v1/admin/stats') ? `?merchantId=${ids['merchantId']}` : '';
  return { token, query, ids: ownIds[role] ?? ids };
}

test('SEC-03 nothing of all that had an effect', async () => {
  const [row] = await database.query<{ accounts: number; merchants: number; orders: number }>(
    `SELECT (SELECT count(*)::int FROM accounts WHERE role = 'operator') AS accounts,
            (SELECT count(*)::int FROM merchants) AS merchants, (SELECT count(*)::int FROM orders) AS orders`,
  );
  assert.deepEqual(row, { accounts: 1, merchants: 2, orders: 6 });
});
