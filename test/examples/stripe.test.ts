import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { parseEnv } from 'node:util';
import { SETTINGS } from '../../src/config/settings.ts';
import { send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { startExample } from '../support/example.ts';
import { type FakeStripe, startFakeStripe } from '../support/fake-stripe.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
const example = (name: string) => readFile(new URL(`../../examples/stripe/${name}`, import.meta.url), 'utf8');

let database: TestDatabase;
let stripe: FakeStripe;
let engine: TestEngine;
let url: string;

before(async () => {
  stripe = await startFakeStripe();
  stage.atEnd(() => stripe.close());
  database = await stage.database();
  const settings = parseEnv(await example('engine.env')) as Record<string, string>;
  for (const name of Object.keys(settings)) assert.ok(name in SETTINGS, name);
  engine = await stage.engine({
    ...settings,
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_BASE: stripe.url,
    DATABASE_URL: database.url,
  });
  const checkout = startExample('stripe', { DOORBUSTER_URL: engine.url, PORT: '0' });
  stage.atEnd(() => checkout.kill());
  [, url = ''] = await checkout.until(/checkout is at (http:\S+),/);
});

/** Presses a button of the page. */
async function press(card: string, intent: string): Promise<{ location: string | null; text: string }> {
  const body = new URLSearchParams({ intent, card });
  const response = await fetch(`${url}/pay`, { method: 'POST', body, redirect: 'manual' });
  return { location: response.headers.get('location'), text: await response.text() };
}

async function newIntent(): Promise<string> {
  const page = await (await fetch(url)).text();
  return /name="intent" value="([\w-]+)"/.exec(page)?.[1] ?? '';
}

/** What Stripe has taken, and by how many charges. */
function taken(): { captured: number; charges: number } {
  const books = [...stripe.books().values()];
  return {
    captured: books.reduce((sum, { captured }) => sum + captured, 0),
    charges: books.reduce((sum, { charges }) => sum + charges, 0),
  };
}

test('the checkout: a refused card is told, the next one pays, and a second press does not pay twice', async () => {
  const cards = [...(await example('checkout.html')).matchAll(/name="card" value="(\w+)"/g)].map(([, card]) => card);
  const intent = await newIntent();
  const refusals = [];
  for (const card of cards.filter((each) => /declined/i.test(each ?? ''))) {
    refusals.push(/Declined: (\w+)\./.exec((await press(card ?? '', intent)).text)?.[1]);
  }
  assert.deepEqual(refusals, ['card_declined', 'insufficient_funds', 'expired_card']);
  assert.deepEqual(taken(), { captured: 0, charges: 0 });

  const presses = await Promise.all([press('pm_card_visa', intent), press('pm_card_visa', intent)]);
  presses.push(await press('pm_card_visa', intent));
  for (const { text } of presses) assert.match(text, /is confirmed; 15\.00 EUR were taken/);
  assert.deepEqual(taken(), { captured: 1_500, charges: 1 });
  assert.deepEqual(await database.query('SELECT status FROM orders'), [{ status: 'confirmed' }]);
  assert.deepEqual(cards.length, 5);
});

test('the checkout: a card that wants authentication leads to the bank and back, and only then pays', async () => {
  const { location } = await press('pm_card_authenticationRequired', randomUUID());
  assert.match(location ?? '', /^https:\/\/hooks\.stripe\.example\/3ds\//);
  const [payment] = await database.query<{ order_id: string; provider_ref: string }>(
    `SELECT order_id, provider_ref FROM payments WHERE status = 'requires_action'`,
  );
  const intentId = payment?.provider_ref ?? '';
  const back = `${url}/orders/${payment?.order_id}`;
  assert.match(await (await fetch(back)).text(), /is payment_processing; 0\.00 EUR/);

  stripe.authenticate(intentId, true);
  const { body, headers } = stripe.signedEvent('payment_intent.succeeded', stripe.intent(intentId));
  const answer = await send('POST', `${engine.url}/api/v1/payment-webhooks/stripe`, { rawBody: body, headers });
  assert.equal(answer.status, 200, answer.text);
  await database.until(`SELECT 1 FROM orders WHERE id = $1 AND status = 'confirmed'`, [payment?.order_id]);
  assert.match(await (await fetch(back)).text(), /is confirmed; 15\.00 EUR were taken/);
  assert.deepEqual(taken(), { captured: 3_000, charges: 2 });
  assert.deepEqual(stripe.violations, []);
});
