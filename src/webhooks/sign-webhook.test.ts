import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { makeWebhookSecret, signWebhook } from './sign-webhook.ts';

const message = { id: 'evt_1_2', timestamp: new Date(), body: '{"type":"order.placed","name":"Zürich"}' };

test('WH-02 the signature verifies with the specification’s own package, and with each secret of a rotation', () => {
  const secrets = [makeWebhookSecret(), makeWebhookSecret()];
  const headers = signWebhook({ ...message, secrets });
  for (const secret of secrets)
    assert.deepEqual(new Webhook(secret).verify(message.body, headers), JSON.parse(message.body));
  assert.throws(() => new Webhook(makeWebhookSecret()).verify(message.body, headers));
  assert.throws(() => new Webhook(secrets[0] ?? '').verify(`${message.body} `, headers));
});

test('a signature is what the package would make', () => {
  const secret = makeWebhookSecret();
  const headers = signWebhook({ ...message, secrets: [secret] });
  assert.equal(headers['webhook-signature'], new Webhook(secret).sign(message.id, message.timestamp, message.body));
});
