import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { pay, readOrder, step } from '../support/orders.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import {
  type Actor,
  type Crew,
  countStatuses,
  createCrew,
  createWalker,
  effectsOn,
  type ReadyOrder,
  STEP_CASES,
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

const tagOf = (answer: Answer) => answer.headers.get('etag') ?? '';

async function currentTag(order: ReadyOrder): Promise<string> {
  return tagOf(await readOrder(urls[1], order));
}

test('CR-01 the tag of an order rises with each step, and If-None-Match tells the old from the current one', async () => {
  const order = await walker.orderIn('pending_payment');
  const url = `${urls[1]}/api/v1/orders/${order.id}`;
  const ask = (known: string) => send('GET', url, { token: order.customer.token, headers: { 'if-none-match': known } });
  assert.equal((await ask('"1"')).status, 304);
  const paid = await pay(urls[0], order);
  assert.match(tagOf(paid), /^"[^"]+"$/);
  assert.equal((await ask('"1"')).status, 200);
  const fresh = await ask(tagOf(paid));
  assert.deepEqual([fresh.status, fresh.text, tagOf(fresh)], [304, '', tagOf(paid)]);
});

test('CR-02 each way to make a step, with the current tag: the answer has a new tag, which is the one of the next GET', async () => {
  const ready = await Promise.all(STEP_CASES.map(async (each) => ({ each, ...(await walker.ready(each)) })));
  async function assertTags({ each, order, request }: (typeof ready)[number]): Promise<void> {
    const tag = await currentTag(order);
    const answer = await step(urls[0], order.id, each.intent, { ...request, tag });
    assert.equal(answer.status, each.status, `${each.name}: ${answer.text}`);
    const read = await readOrder(urls[1], order);
    assert.notEqual(tagOf(answer), tag, each.name);
    assert.deepEqual([tagOf(answer), answer.json.version], [tagOf(read), read.json.version], each.name);
    assert.equal(answer.json.orderStatus ?? answer.json.status, read.json.status, each.name);
  }
  const pays = ({ each }: (typeof ready)[number]) => each.intent === 'payment';
  await Promise.all(ready.filter(pays).map(assertTags));
  // What a step gives back or captures is reported afterwards as a version of its own. Until then the tag is the step's.
  const provider = await database.hold('LOCK TABLE sandbox_payments IN EXCLUSIVE MODE');
  try {
    await Promise.all(ready.filter((each) => !pays(each)).map(assertTags));
  } finally {
    await provider.release();
  }
});

/** Steps that end one another, of orders that take few steps to begin: with a body, without one, by each kind of actor. */
const SHORT = STEP_CASES.filter(({ status }) => status < 300).filter(({ intent, from, by }) =>
  [
    'payment pending_payment owner',
    'cancellation confirmed owner',
    'acceptance pending_acceptance merchant',
    'refunds confirmed operator',
    'fulfillment confirmed apiKey',
    'reinstatement expired operator',
  ].includes(`${intent} ${from} ${by}`),
);

test('CR-03 a stale tag is 412 with the current status, a missing one 428, a weak one never matches, nonsense is 400; nothing changes', async () => {
  assert.ok(SHORT.length >= 6);
  await Promise.all(
    SHORT.map(async (each) => {
      const { order, request } = await walker.ready(each);
      const tag = await currentTag(order);
      const version = Number(tag.slice(1, -1));
      const before = await effectsOn(database, order.id);
      const ask = (tried: string | null) =>
        step(urls[version % 2 ? 1 : 0], order.id, each.intent, { ...request, key: randomUUID(), tag: tried });

      for (const stale of [
        `"${version + 1}"`,
        '"0"',
        '""',
        `"0${version}"`,
        `"${version}%20"`,
        `W/${tag}`,
        `"x", W/${tag}`,
        '"*"',
      ]) {
        const answer = await ask(stale);
        assert.deepEqual([answer.status, answer.json.code], [412, 'precondition-failed'], `${each.name} ${stale}`);
        assert.deepEqual([answer.json.orderStatus, answer.json.version], [each.from, version], each.name);
        assert.ok(answer.json.allowed.includes(each.intent), each.name);
        assert.equal(answer.headers.get('retry-after'), null);
      }
      const missing = await ask(null);
      assert.deepEqual([missing.status, missing.json.code], [428, 'precondition-required'], each.name);
      for (const malformed of [
        String(version),
        `"${version}`,
        `${tag} ${tag}`,
        `*, ${tag}`,
        `w/${tag}`,
        `W/ ${tag}`,
        '',
        "'1'",
      ]) {
        const answer = await ask(malformed);
        assert.deepEqual([answer.status, answer.json.code], [400, 'precondition-invalid'], `${each.name} ${malformed}`);
      }
      assert.deepEqual(await effectsOn(database, order.id), before, each.name);
      assert.equal((await ask(tag)).status, each.status, each.name);
    }),
  );
});

const PROCEEDING: readonly [what: string, headers: (tag: string) => [string, string][]][] = [
  ['*', () => [['if-match', '*']]],
  ['a list', (tag) => [['if-match', `"other", ${tag}`]]],
  ['a list without blanks, with a weak tag', (tag) => [['if-match', `W/${tag},${tag},"x,y"`]]],
  ['tabs and blanks around', (tag) => [['if-match', ` \t${tag} \t, "0" `]]],
  ['empty members of the list (RFC 9110 § 5.6.1.2)', (tag) => [['if-match', `, "x", ,${tag},`]]],
  [
    'the header twice',
    (tag) => [
      ['if-match', '"other"'],
      ['if-match', tag],
    ],
  ],
  [
    'If-None-Match beside it, which is for reading',
    (tag) => [
      ['if-match', tag],
      ['if-none-match', '*'],
    ],
  ],
];

for (const [what, headersOf] of PROCEEDING) {
  test(`CR-03 the step proceeds with ${what}`, async () => {
    const order = await walker.orderIn('pending_payment');
    const headers = new Headers({ authorization: `Bearer ${order.customer.token}`, 'idempotency-key': randomUUID() });
    for (const [name, value] of headersOf(await currentTag(order))) headers.append(name, value);
    const url = `${urls[0]}/api/v1/orders/${order.id}/cancellation`;
    const answer = await fetch(url, { method: 'POST', headers });
    assert.equal(answer.status, 200, await answer.text());
  });
}

test('CR-03 * on an order that is not there is 404, not a match', async () => {
  const answer = await step(urls[0], randomUUID(), 'cancellation', { token: crew.operator });
  assert.deepEqual([answer.status, answer.json.code], [404, 'not-found']);
});

for (const { intent, from, fulfillment, by, raises, body } of [
  {
    intent: 'cancellation',
    from: 'pending_payment',
    fulfillment: 'direct',
    by: 'operator',
    raises: 1,
    body: undefined,
  },
  { intent: 'preparation', from: 'preparing', fulfillment: 'kitchen', by: 'merchant', raises: 1, body: undefined },
  { intent: 'refunds', from: 'confirmed', fulfillment: 'direct', by: 'merchant', raises: 1, body: { amountMinor: 1 } },
  {
    intent: 'payment',
    from: 'pending_payment',
    fulfillment: 'direct',
    by: 'owner',
    raises: 2,
    body: { paymentMethod: 'card_ok' },
  },
] as const) {
  test(`CR-04 50 times /${intent} at once with the same tag and other keys, over two processes: exactly one 2xx`, async () => {
    for (let round = 0; round < scaled(1, 100); round += 1) {
      const order = await walker.orderIn(from, fulfillment);
      const tag = await currentTag(order);
      const version = Number(tag.slice(1, -1));
      const provider = raises === 1 ? await database.hold('LOCK TABLE sandbox_payments IN EXCLUSIVE MODE') : undefined;
      const token = walker.tokenOf(by, order);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          step(urls[index % 2 ? 1 : 0], order.id, intent, { token, tag, ...(body === undefined ? {} : { body }) }),
        ),
      );
      const read = await readOrder(urls[0], order);
      await provider?.release();
      const [winner, ...others] = answers.filter(({ status }) => status < 300);
      assert.deepEqual(others, []);
      assert.deepEqual(countStatuses(answers), { [winner?.status ?? 0]: 1, 412: 49 });
      // A payment is two steps: the attempt, and what the provider said.
      assert.deepEqual([winner?.json.version, read.json.version], [version + raises, version + raises]);
      assert.equal(read.json.history.length, version + raises);
      for (const loser of answers) {
        if (loser.status === 412) assert.ok(loser.json.version > version && loser.json.version <= version + raises);
      }
      await untilMoneyOfOrderRests(database, order.id);
    }
  });
}

/** What each actor may do, by the published table of states; what is not here is answered with 409. */
const ALLOWED: readonly [fulfillment: 'direct' | 'kitchen', status: Status, by: Actor, allowed: readonly string[]][] = [
  ['direct', 'pending_payment', 'owner', ['payment', 'cancellation']],
  ['direct', 'pending_payment', 'merchant', ['cancellation']],
  ['direct', 'confirmed', 'owner', ['cancellation']],
  ['direct', 'confirmed', 'merchant', ['fulfillment', 'cancellation', 'refunds']],
  ['direct', 'confirmed', 'operator', ['cancellation', 'refunds']],
  ['direct', 'completed', 'merchant', ['refunds']],
  ['direct', 'completed', 'owner', []],
  ['direct', 'cancelled', 'operator', []],
  ['direct', 'expired', 'operator', ['reinstatement']],
  ['direct', 'expired', 'owner', []],
  ['kitchen', 'pending_acceptance', 'owner', ['cancellation']],
  ['kitchen', 'pending_acceptance', 'merchant', ['acceptance', 'rejection', 'cancellation']],
  ['kitchen', 'preparing', 'owner', []],
  ['kitchen', 'preparing', 'merchant', ['preparation', 'cancellation', 'refunds']],
  ['kitchen', 'preparing', 'apiKey', ['preparation', 'cancellation', 'refunds']],
  ['kitchen', 'ready_for_pickup', 'courier', ['pickup']],
  ['kitchen', 'ready_for_pickup', 'merchant', ['pickup', 'cancellation', 'refunds']],
  ['kitchen', 'in_transit', 'courier', ['delivery']],
  ['kitchen', 'in_transit', 'apiKey', ['delivery', 'refunds']],
  ['kitchen', 'in_transit', 'merchant', ['refunds']],
  ['kitchen', 'in_transit', 'operator', ['cancellation', 'refunds']],
  ['kitchen', 'completed', 'apiKey', ['refunds']],
  ['kitchen', 'rejected', 'merchant', []],
];

/** What somebody may ever ask for. */
const EVER: Readonly<Record<Actor, readonly string[]>> = {
  owner: ['payment', 'cancellation'],
  merchant: ['acceptance', 'rejection', 'preparation', 'pickup', 'fulfillment', 'cancellation', 'refunds'],
  courier: ['pickup', 'delivery'],
  operator: ['cancellation', 'refunds', 'reinstatement'],
  apiKey: ['acceptance', 'rejection', 'preparation', 'pickup', 'delivery', 'fulfillment', 'cancellation', 'refunds'],
};

const BODIES: Readonly<Record<string, unknown>> = {
  payment: { paymentMethod: 'card_ok' },
  refunds: { amountMinor: 1 },
};

test('CR-05 CR-07 the current tag, but a step that is not allowed now: 409 with the status and what is allowed; nothing changes', async () => {
  await Promise.all(
    ALLOWED.map(async ([fulfillment, status, by, allowed]) => {
      const order = await walker.orderIn(status, fulfillment);
      const tag = await currentTag(order);
      const before = await effectsOn(database, order.id);
      for (const [index, intent] of EVER[by].filter((each) => !allowed.includes(each)).entries()) {
        const answer = await step(urls[index % 2 ? 1 : 0], order.id, intent, {
          token: walker.tokenOf(by, order),
          tag,
          ...(BODIES[intent] === undefined ? {} : { body: BODIES[intent] }),
        });
        const { code, orderStatus, version } = answer.json;
        const message = `${intent} of a ${fulfillment} order that is ${status}, by ${by}: ${answer.text}`;
        assert.deepEqual([answer.status, code, orderStatus], [409, 'order-step-not-allowed', status], message);
        assert.deepEqual(answer.json.allowed, allowed, message);
        assert.equal(`"${version}"`, tag, message);
        assert.equal(answer.headers.get('retry-after'), null);
      }
      assert.deepEqual(await effectsOn(database, order.id), before, `${status}, by ${by}`);
    }),
  );
});

test('CR-06 a step was made and its answer lost: the same request is the replay with the new tag; a new key with the old tag is 412', async () => {
  const order = await walker.orderIn('pending_payment', 'kitchen');
  const tag = await currentTag(order);
  const request = { key: randomUUID(), tag };
  const paid = await pay(urls[0], order, 'card_ok', request);
  assert.equal(paid.status, 200, paid.text);
  for (const url of urls) {
    const repeat = await pay(url, order, 'card_ok', request);
    assert.deepEqual([repeat.status, repeat.text, tagOf(repeat)], [200, paid.text, tagOf(paid)]);
    const anew = await pay(url, order, 'card_ok', { tag });
    assert.deepEqual([anew.status, anew.json.orderStatus, anew.json.version], [412, 'pending_acceptance', 3]);
    assert.deepEqual(anew.json.allowed, ['cancellation']);
    const informed = await pay(url, order, 'card_ok', { tag: `"${anew.json.version}"` });
    assert.equal(informed.json.code, 'order-step-not-allowed', 'the version in the 412 makes the current tag');
  }
});

test('CR-07 steps that fail in any other way leave the tag as it was', async () => {
  const ready = await walker.orderIn('ready_for_pickup', 'kitchen');
  const paid = await walker.orderIn('confirmed');
  const unpaid = await walker.orderIn('pending_payment');
  const wrongCode = ready.collectionCode === '000000' ? '000001' : '000000';
  const line = { itemId: paid.itemId, quantity: 3 };
  const failures: [ReadyOrder, string, Actor, unknown, number, string][] = [
    [ready, 'pickup', 'merchant', { collectionCode: wrongCode }, 409, 'collection-code-wrong'],
    [ready, 'pickup', 'owner', undefined, 403, 'forbidden'],
    [paid, 'refunds', 'merchant', { amountMinor: 3_001 }, 409, 'amount-exceeded'],
    [paid, 'refunds', 'merchant', { lines: [line] }, 409, 'lines-exceeded'],
    [paid, 'refunds', 'merchant', { lines: [{ ...line, itemId: randomUUID() }] }, 409, 'lines-exceeded'],
    [paid, 'refunds', 'merchant', { amountMinor: 0 }, 400, 'validation-failed'],
    [paid, 'refunds', 'merchant', {}, 400, 'validation-failed'],
    [paid, 'cancellation', 'merchant', { retainMinor: 1 }, 400, 'validation-failed'],
    [paid, 'cancellation', 'courier', undefined, 404, 'not-found'],
    [unpaid, 'payment', 'owner', { paymentMethod: 'card_ok', amountMinor: 1 }, 400, 'validation-failed'],
    [unpaid, 'payment', 'operator', { paymentMethod: 'card_ok' }, 403, 'forbidden'],
  ];
  for (const [order, intent, by, body, status, problem] of failures) {
    const before = await effectsOn(database, order.id);
    const tag = await currentTag(order);
    const request = { token: walker.tokenOf(by, order), ...(body === undefined ? {} : { body }) };
    for (const tried of [tag, '*']) {
      const answer = await step(urls[0], order.id, intent, { ...request, tag: tried });
      assert.deepEqual([answer.status, answer.json.code], [status, problem], answer.text);
    }
    assert.equal(await currentTag(order), tag);
    assert.deepEqual(await effectsOn(database, order.id), before, `${intent} ${problem}`);
  }
});
