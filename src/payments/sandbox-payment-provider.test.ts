import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { after, afterEach, before, test } from 'node:test';
import {
  describePaymentProvider,
  listed,
  newPayment,
  newRefund,
  type ProviderUnderTest,
  type WebhookEvent,
} from '../../test/conformance/payment-provider.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import { createBookSandboxCharge } from '../actions/book-sandbox-charge.ts';
import type { Database } from '../ledger/database.ts';
import { OutcomeUnknownError, type PaymentReference, WebhookRejectedError } from './payment-provider.ts';
import { SANDBOX_CARD_NAMES } from './sandbox-cards.ts';
import {
  createSandboxPaymentProvider,
  type SandboxOptions,
  type SandboxPaymentProvider,
} from './sandbox-payment-provider.ts';
import { sandboxWebhookKey, signSandboxEvent } from './sandbox-webhooks.ts';

const SECRET = `whsec_${Buffer.alloc(32, 's').toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 'o').toString('base64')}`;
const PUBLIC_URL = 'https://orders.example';
/** Long enough for a statement, short enough for a test. */
const TIMEOUT_MS = 100;

let database: TestDatabase;
let ledger: Database;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database);
});

after(async () => {
  await ledger.close();
  await database.drop();
});

const opened: SandboxPaymentProvider[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((provider) => provider.close()));
});

function create(rest: Partial<SandboxOptions> = {}): SandboxPaymentProvider {
  return createSandboxPaymentProvider({
    database: ledger,
    timeoutMs: TIMEOUT_MS,
    webhookSecret: SECRET,
    publicUrl: () => PUBLIC_URL,
    deliver: () => undefined,
    ...rest,
  });
}

/** A sandbox of one test's own, and the webhooks that it sends. */
function open(rest: Partial<SandboxOptions> = {}): { sandbox: SandboxPaymentProvider; webhooks: Sent[] } {
  const webhooks: Sent[] = [];
  const sandbox = create({
    deliver: (body, headers) => {
      webhooks.push({ body, headers });
    },
    ...rest,
  });
  opened.push(sandbox);
  return { sandbox, webhooks };
}

interface Sent {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const read = (sandbox: SandboxPaymentProvider, { body, headers }: Sent) =>
  sandbox.readWebhook(Buffer.from(body), headers);

function endSilence(payment: PaymentReference): Promise<unknown> {
  return database.query('UPDATE sandbox_payments SET silent = false WHERE payment_id = $1', [payment.id]);
}

function signWebhook({ eventId, payment, signedAt, secret }: WebhookEvent): { body: Buffer; headers: Sent['headers'] } {
  const { id: paymentId, amountMinor, currency } = payment;
  const key = sandboxWebhookKey(secret === 'right' ? SECRET : OTHER_SECRET);
  const event = { id: eventId, type: 'payment.updated', paymentId, amountMinor, currency } as const;
  const { body, headers } = signSandboxEvent(key, event, signedAt);
  return { body: Buffer.from(body), headers };
}

describePaymentProvider('sandbox', async (): Promise<ProviderUnderTest> => {
  // The customer answers at another process than the one that charged.
  const bookCharge = createBookSandboxCharge({ database: ledger, waitingMax: 1_000, deadlineMs: 5_000 });
  const [provider, page] = [create({ bookCharge }), create()];
  return {
    provider,
    cards: {
      ok: 'card_ok',
      declined: 'card_declined',
      insufficientFunds: 'card_insufficient_funds',
      expired: 'card_expired',
      authentication: 'card_authentication_required',
      unknown: '4242424242424242',
    },
    async authenticate(payment, approved) {
      await page.authenticate(String(payment.providerRef), approved);
    },
    signWebhook,
    async close() {
      await Promise.all([provider.close(), page.close()]);
    },
  };
});

test('a charge of card_ok takes one statement and sends no webhook', async () => {
  const statements: string[] = [];
  const { sandbox, webhooks } = open({
    database: {
      query(statement, values) {
        statements.push(statement.name);
        return ledger.query(statement, values);
      },
    },
  });
  assert.equal((await sandbox.charge(newPayment('card_ok'))).status, 'captured');
  assert.deepEqual(statements, ['sandbox_charge']);
  assert.deepEqual(webhooks, []);
});

test('find of a payment never heard of writes nothing', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_ok');
  assert.equal((await sandbox.find(payment)).status, 'unconfirmed');
  assert.deepEqual(await listed(sandbox, payment), []);
});

test('PAY-04 the books outlive the process that wrote them', async () => {
  const payment = newPayment('card_ok');
  const charged = await open().sandbox.charge(payment);
  const { sandbox } = open();
  assert.deepEqual(await sandbox.find(payment), charged);
  assert.deepEqual(await sandbox.charge(payment), charged);
});

test('the largest amount is charged and refunded exactly', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_ok', { amountMinor: Number.MAX_SAFE_INTEGER });
  assert.equal((await sandbox.charge(payment)).capturedMinor, Number.MAX_SAFE_INTEGER);
  assert.equal((await sandbox.refund(newRefund(payment))).status, 'succeeded');
  assert.equal((await sandbox.find(payment)).refundedMinor, Number.MAX_SAFE_INTEGER);
});

test('what no test card is called is refused, and not kept', async () => {
  const { sandbox } = open();
  for (const method of ['4242424242424242', '', 'constructor', 'card_ok ', 'a\u0000b']) {
    const payment = newPayment(method);
    assert.equal((await sandbox.charge(payment)).declineCode, 'payment_method_unknown', method);
    const [row] = await database.query('SELECT payment_method FROM sandbox_payments WHERE payment_id = $1', [
      payment.id,
    ]);
    assert.deepEqual(row, { payment_method: null });
  }
});

test('card_slow answers after two seconds', async () => {
  const { sandbox } = open({ timeoutMs: 10_000 });
  const startedAt = performance.now();
  assert.equal((await sandbox.charge(newPayment('card_slow'))).status, 'captured');
  // Timers of Node may fire a millisecond early.
  assert.ok(performance.now() - startedAt > 1_990);
});

test('PAY-02 card_slow is given up after a time-out that is shorter, and was charged', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_slow');
  await assert.rejects(sandbox.charge(payment), OutcomeUnknownError);
  assert.equal((await sandbox.find(payment)).status, 'captured');
});

test('PAY-02 card_timeout_charged takes the money and never answers', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_timeout_charged');
  await assert.rejects(sandbox.charge(payment), OutcomeUnknownError);
  assert.equal((await sandbox.find(payment)).capturedMinor, 1_500);
  await assert.rejects(sandbox.charge(payment), OutcomeUnknownError);
  assert.equal((await sandbox.cancel(payment)).status, 'captured');
});

test('PAY-02 card_timeout_not_charged takes nothing, and never will after a cancellation', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_timeout_not_charged');
  await assert.rejects(sandbox.charge(payment), OutcomeUnknownError);
  assert.equal((await sandbox.find(payment)).status, 'unconfirmed');
  assert.equal((await sandbox.cancel(payment)).status, 'cancelled');
  assert.equal((await sandbox.charge(payment)).status, 'cancelled');
});

test('PAY-03 card_error_then_ok fails without a charge; the second call charges once', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_error_then_ok');
  await assert.rejects(sandbox.charge(payment), OutcomeUnknownError);
  assert.equal((await sandbox.find(payment)).status, 'unconfirmed');
  assert.equal((await sandbox.charge(payment)).status, 'captured');
  assert.equal((await sandbox.charge(payment)).status, 'captured');
  assert.equal((await listed(sandbox, payment)).length, 1);
});

test('PAY-03 card_error_then_ok, cancelled after its error, is never charged', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_error_then_ok');
  await assert.rejects(sandbox.charge(payment), OutcomeUnknownError);
  assert.equal((await sandbox.cancel(payment)).status, 'cancelled');
  assert.equal((await sandbox.charge(payment)).status, 'cancelled');
});

test('card_silent answers nothing and changes nothing until somebody ends the silence', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_silent', { capture: 'manual' });
  await assert.rejects(sandbox.charge(payment), OutcomeUnknownError);
  const calls = [
    sandbox.charge(payment),
    sandbox.find(payment),
    sandbox.capture(payment),
    sandbox.cancel(payment),
    sandbox.refund(newRefund(payment)),
  ];
  for (const call of await Promise.allSettled(calls)) {
    assert.ok(call.status === 'rejected' && call.reason instanceof OutcomeUnknownError);
  }
  await endSilence(payment);
  assert.equal((await sandbox.find(payment)).status, 'authorized');
  assert.equal((await sandbox.charge(payment)).status, 'authorized');
  assert.equal((await sandbox.capture(payment)).status, 'captured');
});

test('card_capture_declined is authorized, and its capture answers cancelled', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_capture_declined', { capture: 'manual' });
  assert.equal((await sandbox.charge(payment)).status, 'authorized');
  assert.equal((await sandbox.capture(payment)).status, 'cancelled');
  assert.equal((await sandbox.capture(payment)).capturedMinor, 0);
});

test('card_refund_declined refuses its refunds for good', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_refund_declined');
  await sandbox.charge(payment);
  const refund = newRefund(payment);
  assert.equal((await sandbox.refund(refund)).status, 'failed');
  assert.equal((await sandbox.refund(refund)).reason, 'The bank refused it.');
  assert.equal((await sandbox.find(payment)).refundedMinor, 0);
});

test('card_refund_error_then_ok fails without a refund; the second call gives back once', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_refund_error_then_ok');
  await sandbox.charge(payment);
  const refund = newRefund(payment, 500);
  await assert.rejects(sandbox.refund(refund), OutcomeUnknownError);
  assert.equal((await sandbox.find(payment)).refundedMinor, 0);
  const again = await Promise.all([sandbox.refund(refund), sandbox.refund(refund)]);
  assert.deepEqual(
    again.map(({ status }) => status),
    ['succeeded', 'succeeded'],
  );
  assert.equal((await sandbox.find(payment)).refundedMinor, 500);
});

test('PAY-10 many refunds of parts at once give back no more than was captured', async () => {
  const { sandbox } = open();
  const payment = newPayment('card_ok', { amountMinor: 1_000 });
  await sandbox.charge(payment);
  const refunds = await Promise.all(Array.from({ length: 30 }, () => sandbox.refund(newRefund(payment, 70))));
  assert.equal(refunds.filter(({ status }) => status === 'succeeded').length, 14);
  assert.equal((await sandbox.find(payment)).refundedMinor, 980);
});

test('a refund of a payment that the sandbox has never heard of fails', async () => {
  const { status, providerRef } = await open().sandbox.refund(newRefund(newPayment('card_ok')));
  assert.deepEqual([status, providerRef], ['failed', null]);
});

test('PAY-05 card_webhook_first has its webhook taken before the charge is answered', async () => {
  const order: string[] = [];
  const taken = Promise.withResolvers<void>();
  const { sandbox } = open({
    async deliver() {
      order.push('webhook sent');
      await taken.promise;
      order.push('webhook taken');
    },
  });
  const charge = sandbox.charge(newPayment('card_webhook_first')).then(() => order.push('answer'));
  taken.resolve();
  await charge;
  assert.deepEqual(order, ['webhook sent', 'webhook taken', 'answer']);
});

test('PAY-05 card_duplicate_webhooks sends one event ten times', async () => {
  const { sandbox, webhooks } = open();
  const payment = newPayment('card_duplicate_webhooks');
  await sandbox.charge(payment);
  await sandbox.charge(payment);
  const messages = webhooks.map((sent) => read(sandbox, sent));
  assert.equal(messages.length, 10);
  assert.equal(new Set(messages.map(({ eventId }) => eventId)).size, 1);
  assert.equal(messages[0]?.paymentId, payment.id);
});

test('an authentication sends a webhook once, whichever answer comes first', async () => {
  const { sandbox, webhooks } = open();
  const payment = newPayment('card_authentication_required', { returnUrl: 'javascript:alert(1)' });
  const { nextActionUrl, providerRef } = await sandbox.charge(payment);
  assert.equal(nextActionUrl, `${PUBLIC_URL}/sandbox/authentication/${providerRef}`);
  const ends = await Promise.all([
    sandbox.authenticate(String(providerRef), true),
    sandbox.authenticate(String(providerRef), false),
  ]);
  assert.equal(ends[0]?.status, ends[1]?.status);
  assert.equal(ends[0]?.returnUrl, null, 'a browser is only sent to web addresses');
  assert.equal(webhooks.length, 1);
  assert.equal(await sandbox.authenticate('sandbox_nothing', true), undefined);
});

test('with webhooks switched on each change of a payment sends one', async () => {
  const { sandbox, webhooks } = open({ webhooks: true });
  const payment = newPayment('card_ok', { capture: 'manual' });
  await sandbox.charge(payment);
  await sandbox.charge(payment);
  await sandbox.capture(payment);
  await sandbox.capture(payment);
  await sandbox.refund(newRefund(payment));
  await sandbox.cancel(payment);
  assert.deepEqual(
    webhooks.map((sent) => read(sandbox, sent).type),
    ['payment.updated', 'payment.updated', 'refund.updated'],
  );
});

test("webhooks go to the engine's own address, and one that is not taken is told of, not thrown", async () => {
  const requests: { url: string | undefined; body: Buffer; headers: Record<string, string | string[] | undefined> }[] =
    [];
  const server = createServer(async (request, response) => {
    requests.push({ url: request.url, body: await buffer(request), headers: request.headers });
    response.writeHead(requests.length === 1 ? 204 : 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const undelivered: unknown[] = [];
  const sandbox = createSandboxPaymentProvider({
    database: ledger,
    timeoutMs: TIMEOUT_MS,
    webhookSecret: SECRET,
    publicUrl: () => `http://127.0.0.1:${address.port}`,
    onUndelivered: (reason) => undelivered.push(reason),
  });
  opened.push(sandbox);

  const payment = newPayment('card_webhook_first');
  assert.equal((await sandbox.charge(payment)).status, 'captured');
  const [first] = requests;
  assert.equal(first?.url, '/api/v1/payment-webhooks/sandbox');
  assert.equal(sandbox.readWebhook(first.body, first.headers).paymentId, payment.id);
  assert.deepEqual(undelivered, []);

  assert.equal((await sandbox.charge(newPayment('card_webhook_first'))).status, 'captured');
  assert.match(String(undelivered[0]), /503/);
  server.close();
});

test('PAY-05 a webhook from the future is refused, and one right signature among several is enough', () => {
  const { sandbox } = open();
  const sign = (signedAt: Date) =>
    signWebhook({ eventId: 'evt_1', payment: newPayment('card_ok'), signedAt, secret: 'right' });
  const future = sign(new Date(Date.now() + 6 * 60_000));
  assert.throws(() => sandbox.readWebhook(future.body, future.headers), WebhookRejectedError);
  const { body, headers } = sign(new Date());
  const several = { ...headers, 'webhook-signature': `v1,AAAA v1a,BBBB ${headers['webhook-signature']}` };
  assert.equal(sandbox.readWebhook(body, several).eventId, 'evt_1');
  assert.throws(() => sandbox.readWebhook(body, { ...headers, 'webhook-id': 'evt_2' }), WebhookRejectedError);
  assert.throws(() => sandbox.readWebhook(body, { ...headers, 'webhook-timestamp': 'now' }), WebhookRejectedError);
});

test('a webhook secret that is not written as Standard Webhooks writes it is refused at the start', () => {
  for (const webhookSecret of ['', 'whsec_', 'whsec_c2hvcnQ=', 'not-a-secret-not-a-secret-not-a-secret']) {
    assert.throws(() => open({ webhookSecret }), /webhook secret/, webhookSecret);
  }
});

test('the list pages through payments of the same moment without loss or repeat', async () => {
  const { sandbox } = open();
  const since = new Date('2031-01-01T00:00:00Z');
  await database.query(
    `INSERT INTO sandbox_payments
       (payment_id, provider_ref, order_id, status, capture, currency, amount_minor, captured_minor, created_at)
     SELECT id, 'sandbox_' || id, gen_random_uuid(), 'captured', 'automatic', 'EUR', 10, 10,
            $1::timestamptz + (n / 400) * interval '1 microsecond'
     FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(0, 1200) AS n) AS made`,
    [since],
  );
  const payments = await Array.fromAsync(sandbox.listPayments(since));
  assert.equal(payments.length, 1_201);
  assert.equal(new Set(payments.map(({ paymentId }) => paymentId)).size, 1_201);
  assert.deepEqual(await Array.fromAsync(sandbox.listPayments(new Date('2031-01-01T00:00:01Z'))), []);
});

test('closing ends every wait at once, and later calls of cards that answer still work', async () => {
  const { sandbox } = open({ timeoutMs: 600_000 });
  const payments = Array.from({ length: 20 }, () => newPayment('card_timeout_charged'));
  const calls = Promise.allSettled(payments.map((payment) => sandbox.charge(payment)));
  await database.until(
    'SELECT true FROM (SELECT count(*) AS n FROM sandbox_payments WHERE payment_id = ANY ($1)) AS booked WHERE n = 20',
    [payments.map(({ id }) => id)],
  );
  await sandbox.close();
  await sandbox.close();
  for (const call of await calls) {
    assert.ok(call.status === 'rejected' && call.reason instanceof OutcomeUnknownError);
  }
  await assert.rejects(sandbox.charge(newPayment('card_timeout_charged')), OutcomeUnknownError);
  assert.equal((await sandbox.charge(newPayment('card_ok'))).status, 'captured');
});

test('books that cannot be reached are an unknown outcome', async () => {
  const { sandbox } = open({
    database: { query: () => Promise.reject(new Error('Connection terminated unexpectedly')) },
  });
  const payment = newPayment('card_ok');
  await assert.rejects(sandbox.charge(payment), OutcomeUnknownError);
  await assert.rejects(sandbox.find(payment), OutcomeUnknownError);
  await assert.rejects(sandbox.capture(payment), OutcomeUnknownError);
  await assert.rejects(sandbox.cancel(payment), OutcomeUnknownError);
  await assert.rejects(sandbox.refund(newRefund(payment)), OutcomeUnknownError);
});

test('the page for users names every test card', async () => {
  const page = await readFile(new URL('../../docs/payments-sandbox.md', import.meta.url), 'utf8');
  const cards = new Set(page.match(/\bcard_[a-z_]+(?=`)/g));
  for (const name of SANDBOX_CARD_NAMES) assert.ok(cards.has(name), name);
});
