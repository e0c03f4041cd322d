import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { signWebhook } from '../../src/webhooks/sign-webhook.ts';
import { verifyWebhook, WebhookVerificationError } from './webhooks.ts';

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;
const secret = newSecret();
const body =
  '{"type":"order.placed","timestamp":"2026-01-01T00:00:00.000Z","data":{"test":false,"version":1,"name":"Zürich ✓"}}';

/** Signed by the specification's own package. */
function signed(options: { secret?: string; at?: Date; id?: string } = {}): Record<string, string> {
  const { at = new Date(), id = 'evt_1' } = options;
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(options.secret ?? secret).sign(id, at, body),
  };
}

const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1_000);
const rejected = (promise: Promise<unknown>) => assert.rejects(promise, WebhookVerificationError);

test('CL-06 what the specification’s package signs is verified, as text and as bytes, with headers of any kind', async () => {
  const headers = signed();
  const expected = { id: 'evt_1', event: JSON.parse(body) };
  assert.deepEqual(await verifyWebhook({ body, headers, secret }), expected);
  assert.deepEqual(await verifyWebhook({ body: Buffer.from(body), headers: new Headers(headers), secret }), expected);
  const unprefixed = secret.slice('whsec_'.length);
  assert.deepEqual(await verifyWebhook({ body, headers, secret: unprefixed }), expected);
});

test('what the engine signs is verified, with either secret of a rotation and with a list of them', async () => {
  const secrets = [newSecret(), newSecret()];
  const headers = signWebhook({ id: 'evt_2', timestamp: new Date(), body, secrets });
  for (const each of secrets) assert.equal((await verifyWebhook({ body, headers, secret: each })).id, 'evt_2');
  const old = signed({ secret: secrets[1] ?? '' });
  assert.equal((await verifyWebhook({ body, headers: old, secret: secrets })).id, 'evt_1');
});

test('CL-06 another body, id, time or secret is refused, as by the package', async () => {
  const headers = signed();
  const cases = [
    { body: `${body} `, headers, secret },
    { body, headers: { ...headers, 'webhook-id': 'evt_9' }, secret },
    { body, headers: { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) }, secret },
    { body, headers, secret: newSecret() },
  ];
  for (const each of cases) {
    assert.throws(() => new Webhook(each.secret).verify(each.body, each.headers));
    await rejected(verifyWebhook(each));
  }
});

test('CL-06 a recorded webhook is not believed later, nor one from the future', async () => {
  for (const seconds of [-290, 290])
    await verifyWebhook({ body, headers: signed({ at: secondsAgo(seconds) }), secret });
  for (const seconds of [-310, 310]) {
    const headers = signed({ at: secondsAgo(seconds) });
    assert.throws(() => new Webhook(secret).verify(body, headers));
    await rejected(verifyWebhook({ body, headers, secret }));
    await verifyWebhook({ body, headers, secret, toleranceSeconds: 600 });
  }
  await rejected(verifyWebhook({ body, headers: { ...signed(), 'webhook-timestamp': 'now' }, secret }));
});

test('signatures of other versions and broken ones are passed over; without a good one nothing is believed', async () => {
  const headers = signed();
  const good = headers['webhook-signature'] ?? '';
  const many = `v1a,${good.slice(3)} v1,AAAA v1,%% v1 ${good}`;
  await verifyWebhook({ body, headers: { ...headers, 'webhook-signature': many }, secret });
  for (const bad of ['', 'v1', 'v1,', `v2,${good.slice(3)}`, `v1a,${good.slice(3)}`, good.slice(3), 'v1,%%']) {
    await rejected(verifyWebhook({ body, headers: { ...headers, 'webhook-signature': bad }, secret }));
  }
  for (const name of Object.keys(headers)) {
    await rejected(verifyWebhook({ body, headers: { ...headers, [name]: undefined }, secret }));
  }
});

test('a secret that is none is the caller’s mistake', async () => {
  for (const wrong of ['', 'whsec_', 'whsec_%%']) {
    await assert.rejects(verifyWebhook({ body, headers: signed(), secret: wrong }), TypeError);
  }
});
