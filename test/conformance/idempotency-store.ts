import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Claim, IdempotencyStore, KeptAnswer } from '../../src/idempotency/idempotency-store.ts';

/** A store as two processes see it. `a` and `b` may be one object where the store belongs to one process. */
export interface OpenStore {
  readonly a: IdempotencyStore;
  readonly b: IdempotencyStore;
  /** Lets this time pass for leases and retention. */
  advance(ms: number): Promise<void>;
}

/** Opens a store that keeps answers for `retentionMs`. It may have been used before: every test takes keys of its own. */
export type OpenIdempotencyStore = (options: { readonly retentionMs: number }) => Promise<OpenStore>;

/** Apart by so much that a store on a real clock may be late by a quarter of a lease. */
const LEASE_MS = 200;
const RETENTION_MS = 11 * LEASE_MS;
const LEASE_IS_OVER_MS = 1.25 * LEASE_MS;
const RETENTION_IS_OVER_MS = 1.25 * RETENTION_MS;

/** A lease that no test outlives. */
const LONG_LEASE_MS = 60_000;
/** How long a test waits for what must not take that long. */
const LONG_WAIT_MS = 30_000;
/** What passes for "at once" on a busy machine. */
const SOON_MS = 5_000;

const ANSWER: KeptAnswer = {
  status: 201,
  headers: { Location: '/api/v1/orders/1', ETag: '"1"' },
  body: '{"id":1}',
};

const newKey = () => `test:${randomUUID()}`;

async function claimOf(store: IdempotencyStore, key: string, leaseMs = LONG_LEASE_MS): Promise<number> {
  const claim = await store.claim(key, 'fingerprint', leaseMs);
  assert.equal(claim.outcome, 'claimed');
  return claim.outcome === 'claimed' ? claim.token : 0;
}

/** Declares the tests that every idempotency store passes. */
export function testIdempotencyStore(open: OpenIdempotencyStore, options: { readonly modelRuns: number }): void {
  async function opened(t: TestContext): Promise<OpenStore> {
    const store = await open({ retentionMs: RETENTION_MS });
    t.after(() => closeAll(store));
    return store;
  }

  test('a key is claimed once; when it is answered everybody gets the answer with the fingerprint of its request', async (t) => {
    const { a, b } = await opened(t);
    const key = newKey();
    const first = await a.claim(key, 'one request', LONG_LEASE_MS);
    assert.equal(first.outcome, 'claimed');
    for (const store of [a, b]) {
      const second = await store.claim(key, 'another request', LONG_LEASE_MS);
      assert.deepEqual(second, { outcome: 'in-progress', fingerprint: 'one request' });
    }
    assert.equal(await a.complete(key, first.outcome === 'claimed' ? first.token : 0, ANSWER), true);
    for (const store of [a, b]) {
      const later = await store.claim(key, 'another request', LONG_LEASE_MS);
      assert.deepEqual(later, { outcome: 'answered', fingerprint: 'one request', answer: ANSWER });
    }
  });

  test('an answer comes back as it went in, character for character', async (t) => {
    const { a, b } = await opened(t);
    const bodies = ['', '{"a" : 1,\n"b":"\\u0000 ä 漢字 😀 \u2028"}', `"${'x'.repeat(200_000)}"`, '\u0000\u0001\uffff'];
    for (const body of bodies) {
      const key = newKey();
      const answer = { status: 409, headers: { Link: '<a>; rel="b", <c>', 'X-Empty': '' }, body };
      await a.complete(key, await claimOf(a, key), answer);
      const claim = await b.claim(key, 'fingerprint', LONG_LEASE_MS);
      assert.equal(claim.outcome, 'answered');
      if (claim.outcome === 'answered') assert.deepEqual({ ...claim.answer }, answer);
    }
  });

  test('keys of any visible characters and blanks are different keys, the longest as well', async (t) => {
    const { a, b } = await opened(t);
    const visible = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));
    const prefix = newKey();
    const keys = [...visible, visible.join(''), '{tag}', '{{', '**', 'POST /a b', 'x'.repeat(255), 'X'.repeat(255)];
    for (const key of keys) {
      const token = await claimOf(a, `${prefix}:${key}`);
      await a.complete(`${prefix}:${key}`, token, { ...ANSWER, body: key });
    }
    for (const key of keys) {
      const claim = await b.claim(`${prefix}:${key}`, 'fingerprint', LONG_LEASE_MS);
      assert.equal(claim.outcome === 'answered' ? claim.answer.body : undefined, key);
    }
  });

  test('a released key is free for any request', async (t) => {
    const { a, b } = await opened(t);
    const key = newKey();
    await a.release(key, await claimOf(a, key));
    assert.equal((await b.claim(key, 'another request', LONG_LEASE_MS)).outcome, 'claimed');
  });

  test('when a lease is over another gets the key, with a higher token', async (t) => {
    const { a, b, advance } = await opened(t);
    const key = newKey();
    const dead = await claimOf(a, key, LEASE_MS);
    assert.equal((await b.claim(key, 'fingerprint', LEASE_MS)).outcome, 'in-progress');
    await advance(LEASE_IS_OVER_MS);
    assert.ok((await claimOf(b, key)) > dead);
  });

  test('a slow owner whose key was taken over changes nothing: not the claim, not the answer', async (t) => {
    const { a, b, advance } = await opened(t);
    const key = newKey();
    const slow = await claimOf(a, key, LEASE_MS);
    await advance(LEASE_IS_OVER_MS);
    const owner = await claimOf(b, key);

    await a.release(key, slow);
    assert.equal((await a.claim(key, 'fingerprint', LONG_LEASE_MS)).outcome, 'in-progress');
    assert.equal(await a.complete(key, slow, { ...ANSWER, body: 'too late' }), false);
    assert.equal((await a.claim(key, 'fingerprint', LONG_LEASE_MS)).outcome, 'in-progress');

    assert.equal(await b.complete(key, owner, ANSWER), true);
    assert.equal(await a.complete(key, slow, { ...ANSWER, body: 'too late' }), false);
    await a.release(key, slow);
    const claim = await a.claim(key, 'fingerprint', LONG_LEASE_MS);
    assert.deepEqual(claim, { outcome: 'answered', fingerprint: 'fingerprint', answer: ANSWER });
  });

  test('a slow owner whom nobody followed still ends its claim', async (t) => {
    const { a, b, advance } = await opened(t);
    const key = newKey();
    const token = await claimOf(a, key, LEASE_MS);
    await advance(LEASE_IS_OVER_MS);
    assert.equal(await a.complete(key, token, ANSWER), true);
    assert.equal((await b.claim(key, 'fingerprint', LONG_LEASE_MS)).outcome, 'answered');
  });

  test('an answer is kept once: its own token changes it no more', async (t) => {
    const { a } = await opened(t);
    const key = newKey();
    const token = await claimOf(a, key);
    assert.equal(await a.complete(key, token, ANSWER), true);
    assert.equal(await a.complete(key, token, { ...ANSWER, body: 'again' }), false);
    await a.release(key, token);
    const claim = await a.claim(key, 'fingerprint', LONG_LEASE_MS);
    assert.equal(claim.outcome === 'answered' ? claim.answer.body : undefined, ANSWER.body);
  });

  test('of 100 claims at once exactly one gets the key', async (t) => {
    const { a, b } = await opened(t);
    for (let round = 0; round < 5; round += 1) {
      const key = newKey();
      const claims = await Promise.all(
        Array.from({ length: 100 }, (_, index) => (index % 2 ? a : b).claim(key, `${index}`, LONG_LEASE_MS)),
      );
      assert.equal(claims.filter(({ outcome }) => outcome === 'claimed').length, 1);
      const winner = claims.findIndex(({ outcome }) => outcome === 'claimed');
      for (const claim of claims) {
        if (claim.outcome !== 'claimed') assert.deepEqual(claim, { outcome: 'in-progress', fingerprint: `${winner}` });
      }
    }
  });

  test('tokens of a key rise, also after a release and after the retention', async (t) => {
    const { a, b, advance } = await opened(t);
    const key = newKey();
    const tokens: number[] = [];
    for (const store of [a, b, a]) {
      tokens.push(await claimOf(store, key));
      await store.release(key, tokens.at(-1) ?? 0);
    }
    tokens.push(await claimOf(b, key, LEASE_MS));
    await advance(LEASE_IS_OVER_MS);
    tokens.push(await claimOf(a, key));
    await a.complete(key, tokens.at(-1) ?? 0, ANSWER);
    await advance(RETENTION_IS_OVER_MS);
    tokens.push(await claimOf(b, key));
    for (const [index, token] of tokens.entries()) {
      assert.ok(Number.isSafeInteger(token));
      if (index > 0) assert.ok(token > (tokens[index - 1] ?? 0), tokens.join(' '));
    }
  });

  test('past the retention an answer is gone and its key is free', async (t) => {
    const { a, b, advance } = await opened(t);
    const key = newKey();
    await a.complete(key, await claimOf(a, key), ANSWER);
    await advance(LEASE_IS_OVER_MS);
    assert.equal((await b.claim(key, 'fingerprint', LONG_LEASE_MS)).outcome, 'answered', 'a lease is no retention');
    await advance(RETENTION_IS_OVER_MS);
    await b.complete(key, await claimOf(b, key), { ...ANSWER, body: 'anew' });
    const claim = await a.claim(key, 'fingerprint', LONG_LEASE_MS);
    assert.equal(claim.outcome === 'answered' ? claim.answer.body : undefined, 'anew');
  });

  test('who waits wakes up when the claim is completed, released, or its lease is over, and after the time it gives', async (t) => {
    const { a, b } = await opened(t);
    const endings: ((key: string, token: number) => Promise<unknown>)[] = [
      (key, token) => a.complete(key, token, ANSWER),
      (key, token) => a.release(key, token),
    ];
    for (const end of endings) {
      const key = newKey();
      const token = await claimOf(a, key);
      const waiting = Promise.all([a.settled(key, LONG_WAIT_MS), b.settled(key, LONG_WAIT_MS)]);
      await end(key, token);
      await soon(waiting);
    }
    const key = newKey();
    await claimOf(a, key, LEASE_MS);
    await soon(b.settled(key, LONG_WAIT_MS), 10 * LEASE_MS);

    const held = newKey();
    await claimOf(a, held);
    await soon(b.settled(held, 50));
    assert.equal((await b.claim(held, 'fingerprint', LONG_LEASE_MS)).outcome, 'in-progress', 'waiting ends no claim');
  });

  test('nobody waits for what is not under way', async (t) => {
    const { a, b } = await opened(t);
    await soon(a.settled(newKey(), LONG_WAIT_MS));
    const key = newKey();
    await a.complete(key, await claimOf(a, key), ANSWER);
    await soon(b.settled(key, LONG_WAIT_MS));
  });

  test('any interleaving of owners, also slow and dead ones, is what a small model says', async (t) => {
    const { a, b, advance } = await opened(t);
    await fc.assert(
      fc.asyncProperty(STEPS, (steps) => followModel({ a, b, advance }, steps)),
      { numRuns: options.modelRuns },
    );
  });
}

/** What an owner does next. A dead owner is one that does nothing any more; a slow one acts when its lease is over. */
type Step =
  | { readonly does: 'claim'; readonly owner: number; readonly key: number }
  | { readonly does: 'complete' | 'release'; readonly owner: number }
  | { readonly does: 'wait'; readonly ms: number };

const OWNERS = 4;
const KEYS = 2;

const owner = fc.nat(OWNERS - 1);
const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('claim' as const), owner, key: fc.nat(KEYS - 1) }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('complete' as const, 'release' as const), owner }) },
    { weight: 2, arbitrary: fc.constant({ does: 'wait' as const, ms: LEASE_IS_OVER_MS }) },
    { weight: 1, arbitrary: fc.constant({ does: 'wait' as const, ms: RETENTION_IS_OVER_MS }) },
  ),
  { maxLength: 40 },
);

/** What is true of a key, told in one object. */
interface ModelKey {
  claim?: { readonly token: number; readonly fingerprint: string; readonly until: number };
  kept?: { readonly fingerprint: string; readonly body: string; readonly until: number };
  lastToken: number;
}

/** Does the steps on the store and on the model, and compares each answer. */
async function followModel({ a, b, advance }: OpenStore, steps: readonly Step[]): Promise<void> {
  const names = Array.from({ length: KEYS }, newKey);
  const model: ModelKey[] = names.map(() => ({ lastToken: 0 }));
  /** The claim that an owner believes to have, whatever has become of it. */
  const owned: ({ readonly key: number; readonly token: number } | undefined)[] = [];
  let now = 0;

  async function claim(owner: number, index: number, fingerprint: string): Promise<void> {
    const state = stateOf(index);
    const got = await storeOf(owner).claim(names[index] ?? '', fingerprint, LEASE_MS);
    const expected = expectedClaim(state, now);
    if (expected !== undefined) return assert.deepEqual(got, expected);
    assert.equal(got.outcome, 'claimed');
    if (got.outcome !== 'claimed') return;
    assert.ok(got.token > state.lastToken, 'no two owners of a key ever have one token');
    state.lastToken = got.token;
    state.claim = { token: got.token, fingerprint, until: now + LEASE_MS };
    delete state.kept;
    owned[owner] = { key: index, token: got.token };
  }

  async function end(owner: number, how: 'complete' | 'release', body: string): Promise<void> {
    const mine = owned[owner];
    if (mine === undefined) return;
    const state = stateOf(mine.key);
    const holds = state.claim?.token === mine.token;
    const store = storeOf(owner);
    if (how === 'release') await store.release(names[mine.key] ?? '', mine.token);
    else assert.equal(await store.complete(names[mine.key] ?? '', mine.token, { ...ANSWER, body }), holds);
    if (!holds || state.claim === undefined) return;
    if (how === 'complete') {
      state.kept = { fingerprint: state.claim.fingerprint, body, until: now + RETENTION_MS };
    }
    delete state.claim;
  }

  function stateOf(index: number): ModelKey {
    const state = model[index];
    if (state === undefined) throw new Error(`There is no key ${index}.`);
    return state;
  }

  const storeOf = (owner: number) => (owner % 2 ? a : b);

  for (const [index, step] of steps.entries()) {
    if (step.does === 'claim') await claim(step.owner, step.key, `request ${index}`);
    else if (step.does === 'wait') {
      await advance(step.ms);
      now += step.ms;
    } else await end(step.owner, step.does, `answer ${index}`);
  }
}

/** What a claim gives by the model; undefined when the key is to be had. */
function expectedClaim({ kept, claim }: ModelKey, now: number): Claim | undefined {
  if (kept !== undefined && now < kept.until) {
    return { outcome: 'answered', fingerprint: kept.fingerprint, answer: { ...ANSWER, body: kept.body } };
  }
  return claim !== undefined && now < claim.until
    ? { outcome: 'in-progress', fingerprint: claim.fingerprint }
    : undefined;
}

async function closeAll({ a, b }: OpenStore): Promise<void> {
  for (const store of new Set([a, b])) await store.close();
}

/** Fails when a promise takes long. */
async function soon(promise: Promise<unknown>, limitMs = SOON_MS): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`This takes more than ${limitMs} ms.`)), limitMs);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
