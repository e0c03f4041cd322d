import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { newPayment } from '../../../../test/conformance/payment-provider.ts';
import { type Answer, send } from '../../../../test/support/client.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openLedger } from '../../../../test/support/ledger.ts';
import type { Database } from '../../../ledger/database.ts';
import type { ChargeRequest } from '../../../payments/payment-provider.ts';
import {
  createSandboxPaymentProvider,
  type SandboxPaymentProvider,
} from '../../../payments/sandbox-payment-provider.ts';
import type { App } from '../../app.ts';
import { collectMethods, createServer } from '../../server.ts';
import { answerAuthenticationRoute } from './answer-authentication.ts';
import { showAuthenticationRoute } from './show-authentication.ts';

let database: TestDatabase;
let ledger: Database;
let sandbox: SandboxPaymentProvider;
let app: App;
let url: string;
let webhooks = 0;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database);
  sandbox = createSandboxPaymentProvider({
    database: ledger,
    timeoutMs: 1_000,
    webhookSecret: `whsec_${Buffer.alloc(32, 's').toString('base64')}`,
    publicUrl: () => url,
    deliver: () => {
      webhooks += 1;
    },
  });
  app = await createServer({
    log: pino({ level: 'silent' }),
    publicUrl: 'https://orders.example',
    answerRetentionSeconds: 60,
    corsOrigins: [],
    observe: () => undefined,
    stopping: () => false,
  });
  const addMethodsNotAllowed = collectMethods(app);
  showAuthenticationRoute(app, { sandbox });
  await answerAuthenticationRoute(app, { sandbox });
  addMethodsNotAllowed();
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});

after(async () => {
  await app.close();
  await sandbox.close();
  await ledger.close();
  await database.drop();
});

/** A payment that waits for its customer, and the address of its page. */
async function ask(rest: Partial<ChargeRequest> = {}): Promise<{ payment: ChargeRequest; page: string }> {
  const payment = newPayment('card_authentication_required', rest);
  const { nextActionUrl } = await sandbox.charge(payment);
  return { payment, page: nextActionUrl ?? '' };
}

/** Presses a button of the page as a browser does: a form without fields. */
async function press(page: string, button: 'approval' | 'refusal'): Promise<Answer> {
  const { text } = await send('GET', page);
  const action = new RegExp(`method="post" action="([^"]+/${button})"`).exec(text)?.[1];
  assert.ok(action, 'the page has the button');
  return send('POST', new URL(action, page).href, {
    rawBody: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
}

test('200 the page shows the amount and two buttons, runs no script, and may send the browser elsewhere', async () => {
  const { page } = await ask({ amountMinor: 123_456, currency: 'EUR' });
  const answer = await send('GET', page);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(answer.text, /1234\.56 EUR/);
  assert.equal(answer.text.match(/<form /g)?.length, 2);
  const policy = answer.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /form-action|script-src/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
});

test('the page shows amounts with as many decimals as the currency has', async () => {
  const cases = [
    { amountMinor: 1_500, currency: 'JPY', text: '1500 JPY' },
    { amountMinor: 7, currency: 'EUR', text: '0.07 EUR' },
    { amountMinor: 1_500, currency: 'KWD', text: '1.500 KWD' },
    { amountMinor: Number.MAX_SAFE_INTEGER, currency: 'EUR', text: '90071992547409.91 EUR' },
  ];
  for (const { text, ...terms } of cases) {
    const { page } = await ask(terms);
    assert.ok((await send('GET', page)).text.includes(`<strong>${text}</strong>`), text);
  }
});

test('303 an approval takes the money and leads back to the shop', async () => {
  const { payment, page } = await ask({ returnUrl: 'https://shop.example/return?order=1&x=ü' });
  const answer = await press(page, 'approval');
  assert.equal(answer.status, 303, answer.text);
  assert.equal(answer.headers.get('location'), 'https://shop.example/return?order=1&x=%C3%BC');
  assert.equal((await sandbox.find(payment)).status, 'captured');
});

test('303 a refusal takes nothing and leads back to the shop', async () => {
  const { payment, page } = await ask({ returnUrl: 'https://shop.example/return', capture: 'manual' });
  assert.equal((await press(page, 'refusal')).status, 303);
  assert.equal((await sandbox.find(payment)).declineCode, 'authentication_failed');
});

test('200 without an address of the shop a sentence tells how it ended', async () => {
  const { page } = await ask();
  const answer = await press(page, 'approval');
  assert.equal(answer.status, 200);
  assert.match(answer.text, /is approved/);
  assert.doesNotMatch((await send('GET', page)).text, /<form/);
});

test('an answer to a payment that is over changes nothing and sends no webhook', async () => {
  const { payment, page } = await ask();
  await sandbox.cancel(payment);
  const before = webhooks;
  const answer = await send('POST', `${page}/approval`);
  assert.match(answer.text, /was cancelled/);
  assert.equal((await sandbox.find(payment)).status, 'cancelled');
  assert.equal(webhooks, before);
});

test('404 for a payment that is not there, 400 for what is no reference, 405 for another method', async () => {
  const address = `${url}/sandbox/authentication`;
  assert.equal((await send('GET', `${address}/sandbox_${randomUUID()}`)).status, 404);
  assert.equal((await send('POST', `${address}/sandbox_${randomUUID()}/refusal`)).status, 404);
  assert.equal((await send('GET', `${address}/sandbox_%00`)).status, 400);
  assert.equal((await send('POST', `${address}/elsewhere/approval`)).status, 400);
  assert.equal((await send('GET', `${address}/sandbox_${randomUUID()}/approval`)).status, 405);
  assert.equal((await send('DELETE', `${address}/sandbox_${randomUUID()}`)).status, 405);
});

test('a form body is read over, however large, and a JSON address elsewhere still refuses forms', async () => {
  const { payment, page } = await ask();
  const answer = await send('POST', `${page}/approval`, {
    rawBody: `x=${'y'.repeat(10_000)}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await sandbox.find(payment)).status, 'captured');
  assert.ok(!app.hasContentTypeParser('application/x-www-form-urlencoded'));
});
