import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Answer, type RequestOptions, send, tokenFor } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { pay, readOrder, step } from '../support/orders.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createMember, createMerchant } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';
import {
  assertReplay,
  type Crew,
  countStatuses,
  createCrew,
  createWalker,
  effectsOn,
  mustPay,
  type ReadyOrder,
  STEP_CASES,
  type StepCase,
  stepsUnder,
  untilMoneyOfOrderRests,
  type Walker,
} from '../support/step-cases.ts';

const stage = createStage({ after });
let database: TestDatabase;
/** The addresses of two engine processes on one PostgreSQL. */
let urls: readonly [string, string];
/** The one address of both, which is their public one. */
let publicUrl: string;
let shop: Shop;
let crew: Crew;
let walker: Walker;

before(async () => {
  database = await stage.database();
  stage.atEnd(() => assertLedgerSound(database));
  const engines = await stage.engines({ DATABASE_URL: database.url });
  urls = engines.urls;
  publicUrl = engines.url;
  shop = await createShop(publicUrl);
  crew = await createCrew(shop);
  walker = createWalker(database, shop, crew);
});

/** A step that was made, and the request to make it again. */
interface Made {
  readonly stepCase: StepCase;
  readonly order: ReadyOrder;
  readonly request: RequestOptions & { tag: string };
  readonly first: Answer;
}

async function make(stepCase: StepCase): Promise<Made> {
  const { order, request } = await walker.ready(stepCase);
  const tag = (await readOrder(urls[0], order)).headers.get('etag') ?? '';
  const first = await step(urls[0], order.id, stepCase.intent, { ...request, tag });
  assert.equal(first.status, stepCase.status, `${stepCase.name}: ${first.text}`);
  assert.equal(first.headers.get('idempotent-replayed'), null, stepCase.name);
  await untilMoneyOfOrderRests(database, order.id);
  return { stepCase, order, request: { ...request, tag }, first };
}

const again = (url: string, { order, stepCase, request }: Made) => step(url, order.id, stepCase.intent, request);

/** Repeats a step at some processes; each must give the first answer, and nothing may happen. */
async function assertReplayedAt(at: readonly string[], made: Made): Promise<void> {
  const { stepCase, order, request, first } = made;
  const before = await effectsOn(database, order.id);
  for (const [index, url] of at.entries()) assertReplay(await again(url, made), first, `${stepCase.name}, ${index}`);
  assert.equal(await stepsUnder(database, order.id, request.key ?? ''), 1, stepCase.name);
  assert.deepEqual(await effectsOn(database, order.id), before, stepCase.name);
}

test('IK-04 IK-16 each way to make a step: its repeat is the same answer on both processes, and on those started later, which have only the ledger; one effect', async (context) => {
  const own = createStage(context);
  const settings = { DATABASE_URL: database.url, PUBLIC_URL: publicUrl };
  const started = Promise.all([own.engine(settings), own.engine(settings)]);
  const made = await Promise.all(
    STEP_CASES.map(async (stepCase) => {
      const each = await make(stepCase);
      await assertReplayedAt([urls[0], urls[1], urls[0], urls[1]], each);
      return each;
    }),
  );
  const later = (await started).map(({ url }) => url);
  await Promise.all(
    made.map(async (each) => {
      const { stepCase, order, request } = each;
      await assertOtherBodyRefused(later[1] ?? '', each);
      await assertReplayedAt(later, each);
      const anew = await step(later[0] ?? '', order.id, stepCase.intent, { ...request, key: randomUUID() });
      assert.equal(anew.headers.get('idempotent-replayed'), null, stepCase.name);
    }),
  );
});

/** Whatever the other body lacks of the form that a route wants, it never gets the first body's answer. */
async function assertOtherBodyRefused(url: string, { order, request, stepCase }: Made): Promise<void> {
  const body = { payment: { paymentMethod: 'card_other' }, refunds: { amountMinor: 1 } }[stepCase.intent];
  const other = await step(url, order.id, stepCase.intent, { ...request, body: body ?? { reason: 'another body' } });
  const takesReason = ['rejection', 'cancellation'].includes(stepCase.intent);
  assert.equal(other.status, body !== undefined || takesReason ? 422 : 400, `${stepCase.name}: ${other.text}`);
}

test('IK-04 a created refund tells its Location, and each answer the tag of the order as it was then', async () => {
  const stepCase = STEP_CASES.find(({ intent }) => intent === 'refunds');
  assert.ok(stepCase);
  const { order, first } = await make(stepCase);
  const location = first.headers.get('location') ?? '';
  assert.match(location, new RegExp(`^/api/v1/orders/${order.id}`));
  const found = await send('GET', urls[1] + location, { token: crew.merchant });
  assert.equal(found.json.refunds[0].id, first.json.refunds[0].id);
  assert.equal(first.headers.get('etag'), `"${first.json.version}"`);
});

test('IK-04 the repeat is the answer of then, though the order has gone on since', async () => {
  const { order, request } = await walker.ready({
    name: 'a payment to be approved',
    intent: 'payment',
    fulfillment: 'direct',
    from: 'pending_payment',
    by: 'owner',
    body: () => ({ paymentMethod: 'card_authentication_required' }),
    status: 202,
  });
  const first = await step(urls[0], order.id, 'payment', request);
  assert.equal(first.status, 202, first.text);
  const approved = await send('POST', `${first.json.payments[0].nextAction.url}/approval`);
  assert.ok(approved.status < 400, approved.text);
  await database.until(`SELECT 1 FROM orders WHERE id = $1 AND status = 'confirmed'`, [order.id]);
  const cancelled = await step(urls[0], order.id, 'cancellation', { token: request.token ?? '' });
  assert.equal(cancelled.status, 200, cancelled.text);
  for (const url of urls) assertReplay(await step(url, order.id, 'payment', request), first, 'approved meanwhile');
});

test('IK-01 a step without a key, or with an empty or blank one: 400 naming the header, and no effect', async () => {
  for (const intent of ['preparation', 'cancellation']) {
    const order = await walker.orderIn('preparing', 'kitchen');
    const before = await effectsOn(database, order.id);
    for (const headers of [{}, { 'idempotency-key': '' }, { 'idempotency-key': '   ' }]) {
      const url = `${urls[0]}/api/v1/orders/${order.id}/${intent}`;
      const answer = await send('POST', url, { token: crew.merchant, headers: { 'if-match': '*', ...headers } });
      assert.deepEqual([answer.status, answer.json.code], [400, 'idempotency-key-missing']);
      assert.match(answer.json.title, /Idempotency-Key/);
    }
    assert.deepEqual(await effectsOn(database, order.id), before);
  }
});

test('IK-02 a key of 255 characters makes a step; 256, blanks, non-ASCII, an open quote, two headers do not', async () => {
  const order = await walker.orderIn('preparing', 'kitchen');
  const before = await effectsOn(database, order.id);
  for (const key of ['k'.repeat(256), 'tab\there', 'caf\u00e9', '"open', '"a"b"', 'one, two', '""']) {
    const answer = await step(urls[0], order.id, 'preparation', { token: crew.merchant, key });
    assert.deepEqual([answer.status, answer.json.code], [400, 'idempotency-key-invalid'], key);
  }
  const twice = new Headers({ authorization: `Bearer ${crew.merchant}`, 'if-match': '*' });
  twice.append('idempotency-key', 'one');
  twice.append('idempotency-key', 'two');
  const url = `${urls[0]}/api/v1/orders/${order.id}/preparation`;
  assert.equal((await fetch(url, { method: 'POST', headers: twice })).status, 400);
  assert.deepEqual(await effectsOn(database, order.id), before);

  const key = 'k'.repeat(255);
  const made = await step(urls[0], order.id, 'preparation', { token: crew.merchant, key });
  assert.equal(made.status, 200, made.text);
  assertReplay(await step(urls[1], order.id, 'preparation', { token: crew.merchant, key }), made, '255 characters');
});

test('IK-03 the bare and the quoted form are one key of a step, on both processes', async () => {
  const order = await walker.orderIn('preparing', 'kitchen');
  const key = `${randomUUID()}\\"`;
  const quoted = `"${key.replaceAll(/["\\]/g, '\\$&')}"`;
  const first = await step(urls[0], order.id, 'preparation', { token: crew.merchant, key });
  assert.equal(first.status, 200, first.text);
  for (const url of urls) {
    assertReplay(await step(url, order.id, 'preparation', { token: crew.merchant, key: quoted }), first, 'quoted');
  }
});

/** Sends the same request many times at once, to both processes. */
function atOnce(count: number, ask: (url: string) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => ask(urls[index % 2 ? 1 : 0])));
}

for (const intent of ['payment', 'cancellation', 'refunds', 'preparation']) {
  test(`IK-05 100 identical requests for /${intent} at once over two processes: one effect; all get its answer`, async () => {
    const stepCase = STEP_CASES.find((each) => each.intent === intent);
    assert.ok(stepCase);
    for (let round = 0; round < scaled(1, 20); round += 1) {
      const { order, request } = await walker.ready(stepCase);
      const ask = (url: string) => step(url, order.id, intent, request);
      const answers = await atOnce(100, ask);
      for (const answer of answers) {
        if (answer.status !== 409) continue;
        assert.equal(answer.json.code, 'request-in-progress', answer.text);
        assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      }
      const done = answers.filter(({ status }) => status !== 409);
      const [first, ...others] = done.filter(({ headers }) => !headers.has('idempotent-replayed'));
      assert.ok(first, 'one request was the first');
      assert.deepEqual([first.status, others.length], [stepCase.status, 0], first.text);
      for (const answer of done) assert.deepEqual([answer.status, answer.text], [first.status, first.text]);
      assert.equal(await stepsUnder(database, order.id, request.key ?? ''), 1);
      await untilMoneyOfOrderRests(database, order.id);
      await assertReplayedAt(urls, { stepCase, order, request: { ...request, tag: '*' }, first });
      const [books] = await database.query<{ charges: number; refunds: number }>(
        `SELECT (SELECT count(*)::int FROM sandbox_payments WHERE order_id = $1) AS charges,
                (SELECT count(*)::int FROM sandbox_refunds JOIN sandbox_payments USING (payment_id)
                 WHERE order_id = $1) AS refunds`,
        [order.id],
      );
      const charges = intent === 'cancellation' ? 0 : 1;
      assert.deepEqual(books, { charges, refunds: intent === 'refunds' ? 1 : 0 });
    }
  });
}

test('IK-06 another body under the key of a step: 422 on both processes; the first body still gets the first answer', async () => {
  const refund = (amountMinor: number) => ({ token: crew.merchant, key: 'a-refund', body: { amountMinor } });
  const order = await walker.orderIn('confirmed');
  const first = await step(urls[0], order.id, 'refunds', refund(100));
  assert.equal(first.status, 201, first.text);
  await untilMoneyOfOrderRests(database, order.id);
  const before = await effectsOn(database, order.id);
  for (const url of [...urls, ...urls]) {
    const other = await step(url, order.id, 'refunds', refund(101));
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused']);
    assertReplay(await step(url, order.id, 'refunds', refund(100)), first, 'after a 422');
  }
  const withBody = await step(urls[1], order.id, 'refunds', {
    ...refund(100),
    body: { amountMinor: 100, reason: 'x' },
  });
  assert.equal(withBody.json.code, 'idempotency-key-reused');
  const url = `${urls[1]}/api/v1/orders/${order.id}/refunds?again=1`;
  const withQuery = await send('POST', url, { ...refund(100), headers: { 'if-match': '*' } });
  assert.equal(withQuery.json.code, 'idempotency-key-reused', 'the query belongs to the request');
  assert.deepEqual(await effectsOn(database, order.id), before);
});

test('IK-06 while a slow payment still runs, another body is 422 on both processes, and a twin waits for the answer', async () => {
  const order = await walker.orderIn('pending_payment');
  const paying = { key: randomUUID() };
  const first = pay(urls[0], order, 'card_slow', paying);
  await database.until('SELECT 1 FROM sandbox_payments WHERE order_id = $1', [order.id]);
  for (const url of urls) {
    const other = await pay(url, order, 'card_ok', paying);
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused'], other.text);
  }
  const twins = await Promise.all(urls.map((url) => pay(url, order, 'card_slow', paying)));
  const answer = await first;
  assert.equal(answer.status, 200, answer.text);
  for (const twin of twins) {
    if (twin.status === 409) assert.equal(twin.json.code, 'request-in-progress');
    else assertReplay(twin, answer, 'a twin');
  }
  for (const url of urls) {
    assertReplay(await pay(url, order, 'card_slow', paying), answer, 'neither 422 nor 409 was kept');
    assert.equal((await pay(url, order, 'card_ok', paying)).status, 422);
  }
  assert.equal((await readOrder(urls[0], order)).json.payments.length, 1);
});

test('IK-06 while a step runs for long, its twin waits a moment on either process and gets 409 with Retry-After, which is not kept', async () => {
  const order = await walker.orderIn('pending_payment');
  const paying = { key: randomUUID() };
  const provider = await database.hold('LOCK TABLE sandbox_payments IN EXCLUSIVE MODE');
  const first = pay(urls[0], order, 'card_ok', paying);
  await provider.blocksSomebody();
  const startedAt = performance.now();
  const twins = await Promise.all(urls.map((url) => pay(url, order, 'card_ok', paying)));
  const waitedMs = performance.now() - startedAt;
  await provider.release();
  for (const twin of twins) {
    assert.deepEqual([twin.status, twin.json.code], [409, 'request-in-progress'], twin.text);
    assert.match(twin.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.equal(twin.headers.get('etag'), null);
  }
  assert.ok(waitedMs > 500 && waitedMs < 4_000, `they waited ${waitedMs} ms`);
  const answer = await first;
  assert.equal(answer.status, 200, answer.text);
  for (const url of urls) assertReplay(await pay(url, order, 'card_ok', paying), answer, 'after the 409');
});

test('IK-07 one key for all steps of two orders, and for placing them: each request is a request of its own', async () => {
  const key = randomUUID();
  const sale = await shop.createSale({ fulfillment: 'kitchen' });
  const place = {
    token: crew.apiKey,
    body: { saleId: sale.id, onBehalfOf: 'guest', lines: linesOf(sale.items[0]?.id) },
  };
  const placed = await send('POST', `${urls[0]}/api/v1/orders`, { ...place, key });
  const other = await send('POST', `${urls[0]}/api/v1/orders`, { ...place, key: 'auto' });
  assert.deepEqual([placed.status, other.status], [201, 201], other.text);
  const made: { id: string; intent: string; request: RequestOptions; first: Answer }[] = [];
  for (const [index, { id }] of [placed.json, other.json].entries()) {
    for (const intent of ['payment', 'acceptance', 'preparation', 'pickup', 'delivery']) {
      const body = intent === 'payment' ? { body: { paymentMethod: 'card_ok' } } : {};
      const request = { token: crew.apiKey, key, ...body };
      const first = await step(urls[index ? 1 : 0], id, intent, request);
      assert.deepEqual(
        [first.status, first.headers.get('idempotent-replayed')],
        [200, null],
        `${intent} ${first.text}`,
      );
      assert.equal(first.json.id, id);
      made.push({ id, intent, request, first });
      await untilMoneyOfOrderRests(database, id);
    }
  }
  for (const { id, intent, request, first } of made) {
    for (const url of urls) assertReplay(await step(url, id, intent, request), first, intent);
  }
  assertReplay(await send('POST', `${urls[1]}/api/v1/orders`, { ...place, key }), placed, 'placing');
});

const linesOf = (itemId: string | undefined) => [{ itemId, quantity: 1 }];

test("IK-08 another user's key is another key: two customers, and two people of one merchant on one order", async () => {
  const key = randomUUID();
  const [one, two] = [await walker.orderIn('pending_payment'), await walker.orderIn('pending_payment')];
  const first = await pay(urls[0], one, 'card_declined', { key });
  assert.equal(first.status, 402, first.text);
  for (const url of urls) {
    const stranger = await pay(url, { ...one, customer: two.customer }, 'card_declined', { key });
    assert.deepEqual([stranger.status, stranger.json.code], [404, 'not-found']);
  }
  const second = await pay(urls[0], two, 'card_ok', { key });
  assert.deepEqual([second.status, second.json.id], [200, two.id], second.text);

  const colleague = await createMember(shop, shop.merchantId, 'merchant');
  const refund = { key, body: { amountMinor: 100 } };
  const ids = new Set<string>();
  for (const token of [crew.merchant, colleague, crew.operator, crew.apiKey]) {
    const answer = await step(urls[1], two.id, 'refunds', { ...refund, token });
    assert.deepEqual([answer.status, answer.headers.get('idempotent-replayed')], [201, null], answer.text);
    ids.add(answer.json.refunds[0].id);
  }
  assert.equal(ids.size, 4);
  const other = await step(urls[0], two.id, 'refunds', { ...refund, token: colleague, body: { amountMinor: 99 } });
  assert.equal(other.status, 422, 'but their own keys are their own');
});

test('IK-09 a step that could be replayed: 401 with an expired token, 415 with another media type', async () => {
  const order = await walker.orderIn('pending_payment');
  const request = { key: randomUUID() };
  const first = await pay(urls[0], order, 'card_ok', request);
  assert.equal(first.status, 200, first.text);
  for (const url of urls) {
    assert.equal((await pay(url, order, 'card_ok', { ...request, token: 'expired' })).status, 401);
    const asText = await pay(url, order, 'card_ok', { ...request, headers: { 'content-type': 'text/plain' } });
    assert.equal(asText.status, 415);
    const withCharset = { ...request, headers: { 'content-type': 'application/json; charset=utf-8' } };
    assertReplay(await pay(url, order, 'card_ok', withCharset), first, 'parameters of the media type');
    const renewed = { ...request, token: tokenFor(order.customer.id) };
    assertReplay(await pay(url, order, 'card_ok', renewed), first, 'a renewed token');
  }
});

test('IK-10 the same JSON with other member order and white space, and the id in capitals, is a replay', async () => {
  const order = await walker.orderIn('pending_payment');
  const request = { key: randomUUID() };
  const returnUrl = 'https://shop.example/back';
  const first = await pay(urls[0], order, '', { ...request, body: { paymentMethod: 'card_ok', returnUrl } });
  assert.equal(first.status, 200, first.text);
  const rawBody = `{ "returnUrl" : "https:\\/\\/shop.example/back",\n "paymentMethod":"card\\u005fok" }`;
  for (const url of urls) {
    assertReplay(await pay(url, order, '', { ...request, rawBody }), first, 'other white space');
    const capitals = { ...order, id: order.id.toUpperCase() };
    assertReplay(await pay(url, capitals, '', { ...request, rawBody }), first, 'capitals');
  }
});

test('IK-11 a step refused for its form (400), its credentials (401) or its media type (415) leaves the key free', async () => {
  const order = await walker.orderIn('pending_payment');
  const request = { key: randomUUID() };
  assert.equal((await pay(urls[0], order, 'card_ok', { ...request, body: { paymentMethod: 7 } })).status, 400);
  assert.equal((await pay(urls[0], order, 'card_ok', { ...request, rawBody: '{' })).status, 400);
  assert.equal((await pay(urls[0], order, 'card_ok', { ...request, tag: 'no tag' })).status, 400);
  assert.equal((await pay(urls[0], order, 'card_ok', { ...request, token: 'none' })).status, 401);
  const asText = { ...request, headers: { 'content-type': 'text/plain' } };
  assert.equal((await pay(urls[0], order, 'card_ok', asText)).status, 415);
  const paid = await pay(urls[0], order, 'card_ok', request);
  assert.deepEqual([paid.status, paid.headers.get('idempotent-replayed')], [200, null], paid.text);
});

test('IK-12 412, 409, 428, 403 and 404 of a step are not pinned: nothing of them is kept, and the same key succeeds later', async () => {
  const order = await walker.orderIn('pending_payment', 'kitchen');
  const request = { token: crew.merchant, key: randomUUID() };
  const ask = (tag: string | null = '*') => step(urls[0], order.id, 'acceptance', { ...request, tag });
  assert.equal((await ask(null)).status, 428);
  assert.equal((await ask('"99"')).status, 412);
  assert.equal((await ask()).json.code, 'order-step-not-allowed');
  await mustPay(urls[1], order);
  assert.equal((await ask('"1"')).status, 412);
  const accepted = await ask();
  assert.deepEqual([accepted.status, accepted.headers.get('idempotent-replayed')], [200, null], accepted.text);

  const elsewhere = await createMember(shop, await createMerchant(shop), 'courier');
  await untilMoneyOfOrderRests(database, order.id);
  assert.equal((await step(urls[0], order.id, 'preparation', { token: crew.merchant })).status, 200);
  for (const [token, intent, status] of [
    [order.customer.token, 'pickup', 403],
    [elsewhere, 'pickup', 404],
  ] as const) {
    const key = randomUUID();
    for (const body of [{}, { collectionCode: '000000' }]) {
      const refused = await step(urls[0], order.id, intent, { token, key, body });
      assert.equal(refused.status, status, 'a second body meets the same refusal, not a 422');
    }
    assert.equal(await stepsUnder(database, order.id, key), 0);
  }
});

test('IK-12 a request that was refused because another step was faster is judged anew, not by its first refusal', async () => {
  const order = await walker.orderIn('confirmed');
  const request = { token: crew.operator, key: randomUUID(), body: { amountMinor: 2_000 } };
  assert.equal((await step(urls[0], order.id, 'refunds', { ...request, body: { amountMinor: 3_001 } })).status, 409);
  const refunded = await step(urls[0], order.id, 'refunds', request);
  assert.equal(refunded.status, 201, 'a 409 keeps no fingerprint either');
});

test('402 is kept under its key: the same bytes on both processes, whatever happened since; a new key pays', async () => {
  const order = await walker.orderIn('pending_payment');
  const request = { key: randomUUID() };
  const declined = await pay(urls[0], order, 'card_insufficient_funds', request);
  assert.deepEqual([declined.status, declined.json.declineCode], [402, 'insufficient_funds'], declined.text);
  assert.equal(declined.headers.get('content-type'), 'application/problem+json');
  for (const url of urls) assertReplay(await pay(url, order, 'card_insufficient_funds', request), declined, 'refused');
  await mustPay(urls[1], order);
  for (const url of urls)
    assertReplay(await pay(url, order, 'card_insufficient_funds', request), declined, 'paid since');
  const [charges] = await database.query('SELECT count(*)::int FROM sandbox_payments WHERE order_id = $1', [order.id]);
  assert.deepEqual(charges, { count: 2 });
});

test('IK-13 CR-07 a step whose transaction fails is a 5xx without effect: the tag stays, and the same key succeeds later', async () => {
  const order = await walker.orderIn('preparing', 'kitchen');
  const request = { token: crew.merchant, key: randomUUID() };
  const before = await effectsOn(database, order.id);
  await database.query(`
    CREATE FUNCTION fail_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.order_id = '${order.id}' THEN RAISE EXCEPTION 'no' USING ERRCODE = '22000'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER fail BEFORE INSERT ON order_events FOR EACH ROW EXECUTE FUNCTION fail_events()`);
  const failed = await step(urls[0], order.id, 'preparation', request);
  await database.query('DROP TRIGGER fail ON order_events');
  assert.equal(failed.status, 500, failed.text);
  assert.doesNotMatch(failed.text, /22000|RAISE|order_events/);
  assert.deepEqual(await effectsOn(database, order.id), before);
  const made = await step(urls[0], order.id, 'preparation', request);
  assert.deepEqual([made.status, made.headers.get('idempotent-replayed')], [200, null], made.text);
});

test('IK-14 kill -9 before the commit of a step: the same key is free on the other process at once', async (context) => {
  // Without Redis nothing but the ledger knows of the claim; with it the lease of the dead one comes first.
  const doomed = await createStage(context).engine({ DATABASE_URL: database.url, REDIS_URL: '' });
  const order = await walker.orderIn('preparing', 'kitchen');
  const request = { token: crew.merchant, key: randomUUID() };
  const lock = await database.hold('SELECT FROM orders WHERE id = $1 FOR UPDATE', [order.id]);
  const lost = assert.rejects(step(doomed.url, order.id, 'preparation', request));
  await lock.blocksSomebody();
  await doomed.kill();
  await lost;
  await lock.release();
  const made = await step(urls[1], order.id, 'preparation', request);
  assert.deepEqual([made.status, made.headers.get('idempotent-replayed')], [200, null], made.text);
  assert.equal(await stepsUnder(database, order.id, request.key), 1);
});

/** Sends a request and hangs up without reading the answer. */
async function sendAndHangUp(url: string, path: string, headers: Record<string, string>, body: string): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const head = Object.entries({ host, 'content-length': String(body.length), ...headers });
  const text = `POST ${path} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(text, () => socket.destroy()));
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

test('IK-15 a client hangs up right after asking for a step, or while it runs: one effect, and the retry tells', async () => {
  for (const slow of [false, true]) {
    const order = await walker.orderIn('pending_payment');
    const key = randomUUID();
    const provider = slow ? await database.hold('LOCK TABLE sandbox_payments IN EXCLUSIVE MODE') : undefined;
    await sendAndHangUp(
      urls[0],
      `/api/v1/orders/${order.id}/payment`,
      {
        authorization: `Bearer ${order.customer.token}`,
        'content-type': 'application/json',
        'idempotency-key': key,
        'if-match': '*',
      },
      JSON.stringify({ paymentMethod: 'card_ok' }),
    );
    await database.until('SELECT 1 FROM order_events WHERE order_id = $1 AND idempotency_key = $2', [order.id, key]);
    await provider?.release();
    const retry = await untilNotInProgress(() => pay(urls[1], order, 'card_ok', { key }));
    assert.deepEqual([retry.status, retry.json.status], [200, 'confirmed'], retry.text);
    assert.equal(retry.headers.get('idempotent-replayed'), 'true');
    assert.equal(await stepsUnder(database, order.id, key), 1);
    assert.equal((await readOrder(urls[0], order)).json.payments.length, 1);
    for (const url of urls) assertReplay(await pay(url, order, 'card_ok', { key }), retry, `slow: ${slow}`);
  }
});

/** Asks again as long as the first request is under way; each ask waits by itself. */
async function untilNotInProgress(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const answer = await ask();
    if (answer.json?.code !== 'request-in-progress') return answer;
  }
  throw new Error('It is in progress for ever.');
}

test('IK-17 a step remembers its key for as long as its order exists, whatever the retention is', async (context) => {
  const engine = await createStage(context).engine({
    DATABASE_URL: database.url,
    PUBLIC_URL: publicUrl,
    IDEMPOTENCY_RETENTION_SECONDS: '1',
  });
  const order = await walker.orderIn('pending_payment');
  const request = { key: randomUUID() };
  const first = await pay(engine.url, order, 'card_declined', request);
  assert.equal(first.status, 402, first.text);
  const [{ now } = { now: new Date() }] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  await database.until(`SELECT 1 WHERE clock_timestamp() > $1::timestamptz + interval '1100 milliseconds'`, [now]);
  assertReplay(await pay(engine.url, order, 'card_declined', request), first, 'past the retention');
  assert.equal((await pay(engine.url, order, 'card_ok', request)).status, 422);
});

test('IK-18 two keys with the same body are two steps', async () => {
  const order = await walker.orderIn('confirmed');
  const ask = () => step(urls[0], order.id, 'refunds', { token: crew.merchant, body: { amountMinor: 700 } });
  const answers = [await ask(), await ask()];
  assert.deepEqual(countStatuses(answers), { 201: 2 });
  const { refunds } = (await readOrder(urls[1], order)).json;
  assert.deepEqual(
    refunds.map((refund: { amountMinor: number }) => refund.amountMinor),
    [700, 700],
  );
});

/** Cases that take few steps to begin. */
const PAID = ['payment', 'refunds'];

for (const tag of [undefined, null, '"0"', 'W/"1"', 'no tag']) {
  const sent = tag === undefined ? 'the tag of then' : `If-Match ${tag}`;
  test(`CR-06 a repeat comes before If-Match, where the store has the answer and where only the ledger knows: ${sent}`, async () => {
    const stepCases = STEP_CASES.filter(({ fulfillment, intent }) => fulfillment === 'direct' && PAID.includes(intent));
    for (const stepCase of stepCases) {
      const made = await make(stepCase);
      const { order, request, first } = made;
      for (const url of urls) {
        const repeat = await step(url, order.id, stepCase.intent, {
          ...request,
          ...(tag === undefined ? {} : { tag }),
        });
        assertReplay(repeat, first, `${stepCase.name}: process ${urls.indexOf(url)}`);
      }
      const anew = await step(urls[1], order.id, stepCase.intent, { ...request, key: randomUUID() });
      assert.deepEqual([anew.status, anew.json.code], [412, 'precondition-failed'], 'a new key with the tag of then');
    }
  });
}

/** The merchant's back end, by its API key, and a courier deliver; the order is out of their hands then. */
const DELIVERIES = STEP_CASES.filter(({ intent }) => intent === 'delivery');

test('CR-06 whoever delivered an order gets the replay after its completion, a courier and a back end alike', async () => {
  for (const stepCase of DELIVERIES) {
    const made = await make(stepCase);
    assert.equal(made.first.json.status, 'completed');
    await assertReplayedAt(urls, made);
  }
});

test('the courier sees nothing of a delivered order but that replay; a colleague not even that', async () => {
  const [stepCase] = DELIVERIES;
  assert.ok(stepCase);
  const { order, request } = await make(stepCase);
  const colleague = await createMember(shop, shop.merchantId, 'courier');
  for (const url of urls) {
    for (const [asked, status] of [
      [step(url, order.id, 'delivery', { ...request, key: randomUUID() }), 404],
      [step(url, order.id, 'delivery', { ...request, token: colleague }), 404],
      [step(url, order.id, 'pickup', request), 404],
      [readOrder(url, order, crew.courier), 404],
      [step(url, order.id, 'delivery', { ...request, body: { collectionCode: '000000' } }), 422],
    ] as const) {
      const answer = await asked;
      assert.equal(answer.status, status, answer.text);
    }
  }
});

test('who is not a member any more gets no replay either', async () => {
  const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  const account = await send('POST', `${urls[0]}/api/v1/accounts`, { body: credentials });
  const members = `${urls[0]}/api/v1/merchants/${shop.merchantId}/members`;
  const asOperator = { token: shop.operatorToken, key: 'auto' };
  const added = await send('POST', members, { ...asOperator, body: { email: credentials.email, role: 'courier' } });
  assert.equal(added.status, 201, added.text);
  const session = await send('POST', `${urls[0]}/api/v1/sessions`, { body: credentials });
  const order = await walker.orderIn('in_transit', 'kitchen');
  const request = { token: session.json.accessToken as string, key: randomUUID() };
  assert.equal((await step(urls[0], order.id, 'delivery', request)).status, 200);
  const removed = await send('DELETE', `${members}/${account.json.id}`, { token: shop.operatorToken });
  assert.equal(removed.status, 204, removed.text);
  for (const url of urls) assert.equal((await step(url, order.id, 'delivery', request)).status, 404);
});
