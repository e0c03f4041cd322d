import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { pay, step } from '../support/orders.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import {
  type Actor,
  assertReplay,
  type Crew,
  createCrew,
  createWalker,
  effectsOn,
  type ReadyOrder,
  type Status,
  untilMoneyOfOrderRests,
  type Walker,
} from '../support/step-cases.ts';

const stage = createStage({ after });
let database: TestDatabase;
/** The addresses of two engine processes on one PostgreSQL. */
let urls: readonly [string, string];
let shop: Shop;
let crew: Crew;
let walker: Walker;

before(async () => {
  database = await stage.database();
  stage.atEnd(() => assertLedgerSound(database));
  const engines = await stage.engines({ DATABASE_URL: database.url });
  urls = engines.urls;
  shop = await createShop(engines.url);
  crew = await createCrew(shop);
  walker = createWalker(database, shop, crew);
});

/** A request for a step, taken apart. */
interface Asked {
  readonly method: string;
  readonly orderId: string;
  /** What of the address follows the order's id. */
  readonly resource: string;
  readonly token: string | undefined;
  readonly key: string | undefined;
  readonly tag: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string | undefined;
}

/** A route of an order's step, and an order on which it succeeds. */
interface Route {
  readonly intent: string;
  readonly fulfillment: 'direct' | 'kitchen';
  readonly from: Status;
  /** A status in which it is not allowed, and in which the same people see the order. */
  readonly notIn: Status;
  readonly by: Actor;
  /** Who sees the order and may never do this. */
  readonly mayNot: Actor;
  readonly body?: unknown;
  /** Another body of the right form; there is none where the route takes no body. */
  readonly otherBody?: unknown;
  readonly success: number;
}

const ROUTES: readonly Route[] = [
  {
    intent: 'payment',
    fulfillment: 'direct',
    from: 'pending_payment',
    notIn: 'confirmed',
    by: 'owner',
    mayNot: 'merchant',
    body: { paymentMethod: 'card_ok' },
    otherBody: { paymentMethod: 'card_declined' },
    success: 200,
  },
  {
    intent: 'refunds',
    fulfillment: 'direct',
    from: 'confirmed',
    notIn: 'cancelled',
    by: 'merchant',
    mayNot: 'owner',
    body: { amountMinor: 100 },
    otherBody: { amountMinor: 101 },
    success: 201,
  },
  {
    intent: 'cancellation',
    fulfillment: 'kitchen',
    from: 'preparing',
    notIn: 'in_transit',
    by: 'merchant',
    mayNot: 'courier',
    otherBody: { reason: 'another body' },
    success: 200,
  },
  {
    intent: 'preparation',
    fulfillment: 'kitchen',
    from: 'preparing',
    notIn: 'ready_for_pickup',
    by: 'merchant',
    mayNot: 'owner',
    success: 200,
  },
  {
    intent: 'delivery',
    fulfillment: 'kitchen',
    from: 'in_transit',
    notIn: 'ready_for_pickup',
    by: 'courier',
    mayNot: 'owner',
    otherBody: { collectionCode: '000000' },
    success: 200,
  },
];

/** One check. The order of the list is the order in which a request must meet them. */
interface Check {
  readonly name: string;
  /** Checks with the same number are alternatives: no order is promised among them. */
  readonly stage: number;
  /** How it is answered; not told for the repeat, whose answer is the first one. */
  readonly status?: number;
  readonly code?: string;
  /** What it is about, of which a request has only one. Two faults in it cannot be in one request. */
  readonly about?: 'token' | 'order' | 'key' | 'tag';
  /** Where the check exists; everywhere, if not told. */
  readonly on?: (route: Route) => boolean;
  /** Whether the key was used before, and whether the order does not allow the step any more. */
  readonly used?: true;
  readonly ended?: true;
  /** Spoils the request. */
  readonly spoil?: (asked: Asked, scene: Scene) => Partial<Asked>;
}

const REPEAT = 'a repeat';
const hasOtherBody = ({ otherBody }: Route) => otherBody !== undefined;
const bodyOf = (asked: Asked) => JSON.parse(asked.body ?? '{}') as object;

const CHECKS: readonly Check[] = [
  ...[
    { name: 'an unknown route', status: 404, code: 'not-found', spoil: unknownRoute },
    { name: 'another method', status: 405, code: 'method-not-allowed', spoil: () => ({ method: 'PUT' }) },
  ].map((check) => ({ ...check, stage: 0 })),
  ...[
    { name: 'no token', spoil: () => ({ token: undefined }) },
    { name: 'a bad token', spoil: () => ({ token: 'bad' }) },
  ].map((check) => ({ ...check, stage: 1, status: 401, code: 'unauthenticated', about: 'token' as const })),
  ...bodyChecks().map((check) => ({ ...check, stage: 2 })),
  {
    name: 'an id that is none',
    stage: 2,
    status: 400,
    code: 'validation-failed',
    about: 'order',
    spoil: () => ({ orderId: 'none' }),
  },
  {
    name: 'an order that is not there',
    stage: 3,
    status: 404,
    code: 'not-found',
    about: 'order',
    spoil: () => ({ orderId: randomUUID() }),
  },
  {
    name: "another's order",
    stage: 3,
    status: 404,
    code: 'not-found',
    about: 'token',
    spoil: () => ({ token: newCustomer().token }),
  },
  {
    name: 'somebody who may never do this',
    stage: 3,
    status: 403,
    code: 'forbidden',
    about: 'token',
    // A courier does not see what is not ready: then it is another's order, which is checked in the same place.
    on: ({ mayNot }) => mayNot !== 'courier',
    spoil: (_, { route, order }) => ({ token: walker.tokenOf(route.mayNot, order) }),
  },
  ...[
    { name: 'no key', code: 'idempotency-key-missing', spoil: () => ({ key: undefined }) },
    { name: 'a bad key', code: 'idempotency-key-invalid', spoil: () => ({ key: 'k'.repeat(256) }) },
  ].map((check) => ({ ...check, stage: 4, status: 400, about: 'key' as const })),
  { name: REPEAT, stage: 5, about: 'key', used: true },
  {
    name: 'the key of another body',
    stage: 5,
    status: 422,
    code: 'idempotency-key-reused',
    about: 'key',
    on: hasOtherBody,
    used: true,
    spoil: (asked, scene) => (asked.body === scene.asked.body ? { body: JSON.stringify(scene.route.otherBody) } : {}),
  },
  ...[
    { name: 'no If-Match', status: 428, code: 'precondition-required', spoil: () => ({ tag: undefined }) },
    { name: 'nonsense in If-Match', status: 400, code: 'precondition-invalid', spoil: () => ({ tag: 'nonsense' }) },
  ].map((check) => ({ ...check, stage: 6, about: 'tag' as const })),
  {
    name: 'a stale tag',
    stage: 7,
    status: 412,
    code: 'precondition-failed',
    about: 'tag',
    spoil: () => ({ tag: '"0"' }),
  },
  { name: 'not allowed now', stage: 8, status: 409, code: 'order-step-not-allowed', ended: true },
  {
    name: 'a refused card',
    stage: 9,
    status: 402,
    code: 'payment-declined',
    on: ({ intent }) => intent === 'payment',
    spoil: () => ({ body: JSON.stringify({ paymentMethod: 'card_declined' }) }),
  },
];

function unknownRoute({ resource }: Asked): Partial<Asked> {
  return { resource: `${resource}/none` };
}

function bodyChecks(): Omit<Check, 'stage'>[] {
  return [
    {
      name: 'a body that is too large',
      status: 413,
      code: 'payload-too-large',
      spoil: () => ({ body: JSON.stringify({ reason: 'x'.repeat(70_000) }) }),
    },
    {
      name: 'another media type',
      status: 415,
      code: 'unsupported-media-type',
      spoil: ({ body = '{}' }) => ({ body, contentType: 'text/plain' }),
    },
    { name: 'a body that is no JSON', status: 400, code: 'malformed-request', spoil: () => ({ body: '{' }) },
    {
      name: 'an unknown member',
      status: 400,
      code: 'validation-failed',
      spoil: (asked) => ({ body: JSON.stringify({ ...bodyOf(asked), status: 'completed' }) }),
    },
  ];
}

/** An order, and the request that would succeed, were it not for what has happened. */
interface Scene {
  readonly route: Route;
  readonly order: ReadyOrder;
  readonly asked: Asked;
  /** The answer to an earlier request with the same key. */
  readonly first: Answer | undefined;
}

async function createScene(route: Route, { used, ended }: Pick<Check, 'used' | 'ended'>): Promise<Scene> {
  const order = await walker.orderIn(ended && !used ? route.notIn : route.from, route.fulfillment);
  const asked: Asked = {
    method: 'POST',
    orderId: order.id,
    resource: route.intent,
    token: walker.tokenOf(route.by, order),
    key: randomUUID(),
    tag: '*',
    contentType: undefined,
    body: route.body === undefined ? undefined : JSON.stringify(route.body),
  };
  const first = used ? await ask(urls[0], asked) : undefined;
  if (first !== undefined) assert.equal(first.status, route.success, first.text);
  // All other routes end what they change.
  if (used && ended && route.intent === 'refunds') {
    const cancelled = await step(urls[0], order.id, 'cancellation', { token: crew.operator });
    assert.equal(cancelled.status, 200, cancelled.text);
  }
  await untilMoneyOfOrderRests(database, order.id);
  const read = await send('GET', `${urls[0]}/api/v1/orders/${order.id}`, { token: crew.operator });
  return { route, order, asked: { ...asked, tag: read.headers.get('etag') ?? '' }, first };
}

function ask(url: string, { method, orderId, resource, token, key, tag, contentType, body }: Asked): Promise<Answer> {
  return send(method, `${url}/api/v1/orders/${orderId}/${resource}`, {
    ...(token === undefined ? {} : { token }),
    ...(key === undefined ? {} : { key }),
    ...(body === undefined ? {} : { rawBody: body }),
    headers: {
      ...(tag === undefined ? {} : { 'if-match': tag }),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
  });
}

/** The request with all of these faults. The last one is put in first, so that an earlier one may cover it. */
function spoiled(scene: Scene, checks: readonly Check[]): Asked {
  let { asked } = scene;
  for (const { spoil } of checks.toReversed()) asked = { ...asked, ...spoil?.(asked, scene) };
  return asked;
}

/** What came, and what the check says; equal where the check was the one that answered. */
function compare(answer: Answer, { status, code }: Check, { first }: Scene): [came: string, expected: string] {
  const replayed = answer.headers.get('idempotent-replayed');
  if (status !== undefined) return [`${answer.status} ${answer.json?.code} ${replayed}`, `${status} ${code} null`];
  return [`${answer.status} ${answer.text} ${replayed}`, `${first?.status} ${first?.text} true`];
}

const short = (text: string) => text.slice(0, 100);

/** The scenes of a route: one for all requests that must have no effect on it. */
function createScenes(route: Route) {
  const scenes = new Map<string, Promise<Scene>>();
  return {
    find(checks: readonly Check[]): Promise<Scene> {
      const past = {
        ...(checks.some(({ used }) => used) ? { used: true as const } : {}),
        ...(checks.some(({ ended }) => ended) ? { ended: true as const } : {}),
      };
      // A repeat leaves its answer in the store of the process that gave it.
      if (checks[0]?.name === REPEAT) return createScene(route, past);
      const name = JSON.stringify(past);
      const scene = scenes.get(name) ?? createScene(route, past);
      scenes.set(name, scene);
      return scene;
    },
    async effects(): Promise<unknown[]> {
      return Promise.all([...scenes.values()].map(async (scene) => effectsOn(database, (await scene).order.id)));
    },
  };
}

/** Pairs of faults that one request can have, of which the first must be answered. */
function pairsOn(route: Route): [earlier: Check, later: Check][] {
  const checks = CHECKS.filter(({ on }) => on?.(route) ?? true);
  return checks.flatMap((earlier) =>
    checks
      .filter((later) => later.stage > earlier.stage && (later.about === undefined || later.about !== earlier.about))
      // A repeat has the first request's body.
      .filter((later) => earlier.name !== REPEAT || later.code !== 'payment-declined')
      .map((later): [Check, Check] => [earlier, later]),
  );
}

for (const route of ROUTES) {
  const scenes = createScenes(route);

  test(`/${route.intent}: each fault by itself is answered as documented, and without any the step succeeds`, async () => {
    const wrong: string[] = [];
    for (const check of CHECKS.filter(({ on }) => on?.(route) ?? true)) {
      const scene = await (check.status === 402 ? createScene(route, {}) : scenes.find([check]));
      const answer = await ask(urls[1], spoiled(scene, [check]));
      const [came, expected] = compare(answer, check, scene);
      if (came !== expected) wrong.push(`${check.name}: ${short(came)} instead of ${short(expected)}`);
      if (answer.status === 405) assert.equal(answer.headers.get('allow'), 'POST');
    }
    assert.deepEqual(wrong, []);
    const unspoiled = await createScene(route, {});
    assert.equal((await ask(urls[0], unspoiled.asked)).status, route.success);
  });

  test(`/${route.intent}: of any two faults in one request the one that is checked earlier is answered, and nothing happens`, async () => {
    const pairs = pairsOn(route);
    await Promise.all(pairs.filter(([{ name }]) => name !== REPEAT).map((pair) => scenes.find(pair)));
    const before = await scenes.effects();
    const wrong: string[] = [];
    for (const [earlier, later] of pairs) {
      const scene = await scenes.find([earlier, later]);
      // First where only the ledger knows of an earlier request, then where the store has its answer.
      for (const url of [urls[1], urls[0]]) {
        const [came, expected] = compare(await ask(url, spoiled(scene, [earlier, later])), earlier, scene);
        const where = url === urls[0] ? 'same process' : 'other process';
        if (came !== expected)
          wrong.push(`${earlier.name}, ${later.name} (${where}): ${short(came)} instead of ${short(expected)}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(await scenes.effects(), before);
    assert.ok(pairs.length > 80, `only ${pairs.length} pairs`);
  });
}

test('/payment that is still under way: 409 in progress before If-Match and the status, but after 422, the key and the caller', async () => {
  const order = await walker.orderIn('pending_payment');
  const [used, other] = [randomUUID(), randomUUID()];
  const provider = await database.hold('LOCK TABLE sandbox_payments IN EXCLUSIVE MODE');
  const first = pay(urls[0], order, 'card_ok', { key: used });
  await provider.blocksSomebody();
  const requests: [options: Parameters<typeof pay>[3], code: string][] = [
    [{ tag: null }, 'request-in-progress'],
    [{ tag: '"0"' }, 'request-in-progress'],
    [{ tag: 'nonsense' }, 'request-in-progress'],
    [{ tag: '*' }, 'request-in-progress'],
    [{ tag: null, body: { paymentMethod: 'card_declined' } }, 'idempotency-key-reused'],
    [{ key: '' }, 'idempotency-key-missing'],
    [{ token: newCustomer().token }, 'not-found'],
    [{ token: crew.merchant }, 'forbidden'],
    [{ body: {} }, 'validation-failed'],
    [{ token: 'bad' }, 'unauthenticated'],
    [{ key: other }, 'order-step-not-allowed'],
    [{ key: other, tag: '"1"' }, 'precondition-failed'],
    [{ key: other, tag: null }, 'precondition-required'],
  ];
  const answers = await Promise.all(
    requests.flatMap(([options, code]) =>
      urls.map(async (url) => ({ code, options, answer: await pay(url, order, 'card_ok', { key: used, ...options }) })),
    ),
  );
  await provider.release();
  const wrong = answers.filter(({ code, answer }) => answer.json.code !== code);
  assert.deepEqual(
    wrong.map(({ code, options, answer }) => ({ code, options, came: answer.json.code })),
    [],
  );
  const paid = await first;
  assert.equal(paid.status, 200, paid.text);
  for (const url of urls) assertReplay(await pay(url, order, 'card_ok', { key: used }), paid, 'afterwards');
});
