import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { errors } from 'jose';
import { type Behaviour, makeSigningKey, startIdentityProvider } from '../../test/support/identity-provider.ts';
import { createOutsideKeys, KeysAwayError } from './outside-keys.ts';

const HOUR_MS = 3_600_000;
const [first, second] = [makeSigningKey('first', 'ES256'), makeSigningKey('second', 'ES256')];

/** An issuer that publishes the first key and behaves like this, and what looks for its keys. */
async function start(
  scope: { after(hook: () => Promise<void>): void },
  { cooldownMs = 0, behaviour = 'fine' }: { cooldownMs?: number; behaviour?: Behaviour } = {},
) {
  const provider = await startIdentityProvider();
  scope.after(provider.close);
  provider.publish(first);
  provider.behave(behaviour);
  const faults: unknown[] = [];
  const keys = createOutsideKeys({
    url: provider.jwksUrl,
    cooldownMs,
    onAway: (error) => void faults.push(error),
  });
  const find = async (kid: string) => keys({ alg: 'ES256', kid }, { payload: '', signature: '' });
  return { provider, faults, find };
}

test('one fetch serves all who ask while it is under way, and those after', async (context) => {
  const { provider, find } = await start(context);
  await Promise.all(Array.from({ length: 50 }, () => find('first')));
  await find('first');
  assert.equal(provider.fetches(), 1);
});

test('a flood of unknown key ids makes no more fetches than the pause between two allows', async (context) => {
  const { provider, find } = await start(context, { cooldownMs: HOUR_MS });
  for (let round = 0; round < 5; round += 1) {
    const flood = Array.from({ length: 100 }, (_, index) => find(`${round}-${index}`));
    for (const result of await Promise.allSettled(flood)) {
      assert.ok(result.status === 'rejected' && result.reason instanceof errors.JWKSNoMatchingKey);
    }
  }
  assert.equal(provider.fetches(), 1);
});

test('a rotated key is fetched once, however many ask for it', async (context) => {
  const { provider, find } = await start(context);
  await find('first');
  provider.publish(first, second);
  await Promise.all(Array.from({ length: 50 }, () => find('second')));
  assert.equal(provider.fetches(), 2);
});

for (const behaviour of ['drops', '500', 'garbage', 'redirects'] as const) {
  test(`a key set that ${behaviour}: whoever needs it hears so, known keys stay, and it is not asked again at once`, async (context) => {
    const { provider, faults, find } = await start(context, { cooldownMs: HOUR_MS, behaviour });
    for (let round = 0; round < 20; round += 1) {
      await assert.rejects(find('first'), (error) => {
        assert.ok(error instanceof KeysAwayError);
        return error.retryAfterSeconds > 3_500 && error.retryAfterSeconds <= 3_600;
      });
    }
    assert.deepEqual([provider.fetches(), faults.length], [1, 1]);

    const later = await start(context);
    await later.find('first');
    later.provider.behave(behaviour);
    await assert.rejects(later.find('second'), KeysAwayError);
    await later.find('first');
    later.provider.behave('fine');
    await assert.rejects(later.find('second'), errors.JWKSNoMatchingKey);
    assert.equal(later.faults.length, 1);
  });
}

test('a key set that hangs is given up in time', async (context) => {
  const { provider, find } = await start(context, { cooldownMs: HOUR_MS, behaviour: 'hangs' });
  const startedAt = performance.now();
  await assert.rejects(find('first'), KeysAwayError);
  assert.ok(performance.now() - startedAt < 5_000);
  assert.equal(provider.fetches(), 1);
});

test('a key that the issuer took away is forgotten by the fetch that comes every ten minutes, behind the answers', {
  timeout: 10_000,
}, async (context) => {
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const { provider, find } = await start(context, { cooldownMs: 1_000 });
  await find('first');
  provider.publish(second);
  now += 10 * 60_000;
  await find('first');
  assert.equal(provider.fetches(), 1);
  now += 1;
  await find('first');
  while (provider.fetches() < 2) await setImmediate();
  // Joins the fetch, which is under way or done.
  await find('second');
  await assert.rejects(find('first'), errors.JWKSNoMatchingKey);
  assert.equal(provider.fetches(), 2);
});

test('keys that could not be fetched anew for a day count no more', async (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const { provider, find } = await start(context);
  await find('first');
  provider.behave('500');
  context.mock.timers.tick(24 * HOUR_MS - 1_000);
  await find('first');
  context.mock.timers.tick(1_000);
  await assert.rejects(find('first'), KeysAwayError);
  provider.behave('fine');
  await find('first');
});
