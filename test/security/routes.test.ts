import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { createStage } from '../support/stage.ts';
import { type ApiDocument, pathParameters, readApiDocument, typesOf } from './api-document.ts';
import { ask } from './ask.ts';

const stage = createStage({ after });
let database: TestDatabase;
let engine: TestEngine;
let document: ApiDocument;
/** What the server was told to serve: `GET /api/v1/orders/{orderId}`. */
let served: ReadonlySet<string>;

before(async () => {
  database = await stage.database();
  // An address, not a path: it has no blanks.
  const preload = new URL('./print-routes.ts', import.meta.url).href;
  engine = await stage.engine({ DATABASE_URL: database.url, NODE_OPTIONS: `--import=${preload}` });
  document = await readApiDocument(engine.url);
  const routes = engine.output.map((line) => /^route ([A-Z]+) (\S+)$/.exec(line));
  served = new Set(routes.flatMap((found) => (found === null ? [] : [`${found[1]} ${templateOf(found[2] ?? '')}`])));
  assert.ok(served.size > 100);
});

const templateOf = (url: string) => url.replaceAll(/:(\w+)/g, '{$1}');

/** The pages are a route each; here those of a folder are one. */
const pageOf = (route: string) => route.replace(/\/(errors|runbook)\/[\w-]+$/, '/$1/{page}');

/** Served, but no part of the API: each with why it is not in the document. */
const OUTSIDE_THE_DOCUMENT: Readonly<Record<string, string>> = {
  'GET /openapi.json': 'the document itself',
  'GET /reference': 'the document as a page',
  'GET /reference/': 'the document as a page',
  'GET /reference/js/scalar.js': 'the script of the page',
  'GET /errors/{page}': 'pages for people',
  'GET /runbook/{page}': 'pages for people',
  'GET /metrics': 'for Prometheus, in its own format',
  'GET /sandbox/authentication/{providerRef}': "the sandbox's own page, where a bank's would be",
  'POST /sandbox/authentication/{providerRef}/approval': 'a button of that page',
  'POST /sandbox/authentication/{providerRef}/refusal': 'a button of that page',
};

/** Methods that the server adds by itself: HEAD beside GET, and the 405 of all that a path does not take. */
async function answersWrongMethod(method: string, path: string): Promise<boolean> {
  // Not by fetch, which refuses to send TRACE.
  const sent = request(addressOf(path), { method, agent: false }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode === 405;
}

const addressOf = (path: string) => engine.url + path.replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000');

test('SEC-07 every served route is documented, or is known to be no part of the API', async () => {
  const documented = new Set(document.operations.map(({ name }) => name));
  const isKnown = (route: string) => documented.has(route) || pageOf(route) in OUTSIDE_THE_DOCUMENT;
  const strange: string[] = [];
  for (const route of served) {
    const [method = '', path = ''] = route.split(' ');
    if (isKnown(route)) continue;
    if (method === 'HEAD' && isKnown(`GET ${path}`)) continue;
    if (await answersWrongMethod(method, path)) continue;
    strange.push(route);
  }
  assert.deepEqual(strange, []);
});

test('SEC-07 every documented operation is served, and its path says 405 to every other method with what it takes', async () => {
  const methods = new Map<string, Set<string>>();
  for (const { name, method, path } of document.operations) {
    assert.ok(served.has(name), name);
    methods.set(path, (methods.get(path) ?? new Set()).add(method));
  }
  const pages = new Set([...served].map(pageOf));
  assert.deepEqual(
    Object.keys(OUTSIDE_THE_DOCUMENT).filter((name) => !pages.has(name)),
    [],
    'not served any more',
  );
  for (const [path, taken] of methods) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((each) => !taken.has(each))) {
      const answer = await ask(method, addressOf(path));
      assert.equal(answer.status, 405, `${method} ${path}`);
      const allow = (answer.headers.get('allow') ?? '').split(', ').filter((each) => each !== 'HEAD');
      assert.deepEqual(allow, [...taken].sort(), `${method} ${path}`);
    }
  }
});

test('what may be left out is documented so: query members with a default, and bodies that may be null', () => {
  for (const { name, parameters, body, bodyRequired } of document.operations) {
    for (const parameter of parameters.filter((each) => 'default' in each.schema)) {
      assert.notEqual(parameter.required, true, `${name}: ${parameter.name}`);
    }
    if (body !== undefined) assert.equal(bodyRequired, !typesOf(body).includes('null'), name);
  }
});

test('every id in a path is documented as one, so that nothing else gets as far as the ledger', () => {
  for (const operation of document.operations) {
    for (const name of pathParameters(operation).filter((each) => each !== 'provider')) {
      const parameter = operation.parameters.find((each) => each.in === 'path' && each.name === name);
      assert.equal(parameter?.schema.format, 'uuid', `${operation.name}: ${name}`);
    }
  }
});
