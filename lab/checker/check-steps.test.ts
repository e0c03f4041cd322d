import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asked, done, entry, judgeLife, makeLife, PAID, paidAnd, refusedStep } from './hand-made-life.ts';

const fulfilled = entry(4, 'order.fulfilled', 'completed', { by: 'merchant', cause: 'fulfillment' });
const refunded = (version: number) =>
  entry(version, 'order.refunded', 'confirmed', { by: 'merchant', cause: 'refunds', restockedLines: [] });
const handedOver = makeLife(paidAnd(fulfilled));
const tag = '"3"';

describe('IK-04, steps', () => {
  const first = done('fulfillment', 20, fulfilled);

  test('accepts a repeat of the same bytes, after an attempt that nobody answered', () => {
    const steps = [asked('fulfillment', 15), first, done('fulfillment', 30, fulfilled, { replayed: true })];
    assert.deepEqual(judgeLife({ life: handedOver, steps }), []);
  });

  test('rejects a repeat with another status, body, tag or version, and one that is not marked', () => {
    for (const other of [{ status: 201 }, { bodyHash: 'other' }, { etag: '"5"' }]) {
      const steps = [first, done('fulfillment', 30, fulfilled, { replayed: true, ...other })];
      assert.ok(judgeLife({ life: handedOver, steps }).includes('IK-04 replay-differs'), JSON.stringify(other));
    }
    const unmarked = [first, done('fulfillment', 30, fulfilled)];
    assert.deepEqual(judgeLife({ life: handedOver, steps: unmarked }), ['IK-04 replay-differs']);
  });
});

describe('S-03 and S-04, steps', () => {
  test('rejects a step that was answered and is not in the history', () => {
    const found = judgeLife({ life: makeLife(PAID), steps: [done('fulfillment', 20, fulfilled)] });
    assert.deepEqual(found, ['S-11 version-fell', 'S-03 lost-step']);
  });

  test('rejects two keys that were told of the same effect', () => {
    const steps = [done('fulfillment', 20, fulfilled), done('fulfillment', 20, fulfilled, { key: 'other' })];
    assert.deepEqual(judgeLife({ life: handedOver, steps }), ['S-03 lost-step']);
  });

  test('rejects one key with two effects, and a step that nobody asked for', () => {
    const asRefunds = { status: 201 };
    const twice = makeLife(paidAnd(refunded(4), refunded(5)));
    const found = judgeLife({ life: twice, steps: [done('refunds', 20, refunded(4), asRefunds)] });
    assert.deepEqual(found, ['S-04 unexplained-step']);
    assert.deepEqual(judgeLife({ life: handedOver }), ['S-04 unexplained-step']);
    assert.deepEqual(
      judgeLife({ life: handedOver, steps: [refusedStep('fulfillment', 20, 409, 'order-step-not-allowed')] }),
      ['S-04 unexplained-step'],
    );
  });

  test('accepts a step whose answer was lost for good', () => {
    assert.deepEqual(judgeLife({ life: handedOver, steps: [asked('fulfillment', 20)] }), []);
    assert.deepEqual(judgeLife({ life: makeLife(PAID), steps: [asked('fulfillment', 20)] }), []);
  });

  test('rejects a second payment under the key of the first', () => {
    const again = [
      entry(4, 'order.payment_started', 'payment_processing', { by: 'customer', cause: 'payment' }),
      entry(5, 'order.paid', 'confirmed', { cause: 'payment-succeeded' }),
    ];
    assert.ok(judgeLife({ life: makeLife(paidAnd(...again)) }).includes('S-04 unexplained-step'));
  });
});

describe('PD-01, steps', () => {
  test('rejects a 500, an undocumented refusal and a success without an order', () => {
    for (const answer of [
      refusedStep('cancellation', 20, 500, 'internal-error'),
      refusedStep('cancellation', 20, 404, 'not-found'),
      refusedStep('cancellation', 20, 409, 'something-new'),
      refusedStep('cancellation', 20, 402, 'payment-declined', { version: 3 }),
    ]) {
      const found = judgeLife({ life: makeLife(PAID), steps: [answer] });
      assert.ok(found.includes('PD-01 unexpected-answer'), answer.code ?? '');
    }
  });

  test('accepts what a right engine may say', () => {
    const steps = [
      refusedStep('cancellation', 20, 409, 'order-step-not-allowed'),
      refusedStep('cancellation', 22, 503, 'unavailable', { key: 'b' }),
      refusedStep('cancellation', 24, 412, 'precondition-failed', { key: 'c', tag: '"2"' }),
      refusedStep('pickup', 26, 404, 'not-found', { actorId: 'courier' }),
    ];
    assert.deepEqual(judgeLife({ life: makeLife(PAID), steps }), []);
  });
});

describe('CR, steps with a tag', () => {
  const cancelled = { ...fulfilled, type: 'order.cancelled', status: 'cancelled', cause: 'cancellation' };

  test('accepts one winner of two', () => {
    const steps = [
      done('fulfillment', 20, fulfilled, { tag }),
      refusedStep('cancellation', 20, 412, 'precondition-failed', { tag }),
    ];
    assert.deepEqual(judgeLife({ life: handedOver, steps }), []);
  });

  test('rejects two winners with the same tag', () => {
    const steps = [done('fulfillment', 20, fulfilled, { tag }), done('cancellation', 20, cancelled, { tag })];
    assert.ok(judgeLife({ life: handedOver, steps }).includes('CR-04 two-winners'));
  });

  test('rejects a step that was done with a tag of long ago', () => {
    const steps = [done('fulfillment', 20, fulfilled, { tag: '"1"' })];
    assert.deepEqual(judgeLife({ life: handedOver, steps }), ['CR-04 two-winners']);
  });

  test('rejects 412 for the tag that the order still has', () => {
    const steps = [refusedStep('cancellation', 20, 412, 'precondition-failed', { tag })];
    assert.deepEqual(judgeLife({ life: makeLife(PAID), steps }), ['CR-03 false-precondition']);
  });

  test('rejects two tags for one version, and one tag for two', () => {
    const two = [done('fulfillment', 20, fulfilled), done('fulfillment', 20, fulfilled, { key: 'other', etag: '"x"' })];
    assert.ok(judgeLife({ life: handedOver, steps: two }).includes('CR-02 tag-differs'));
    const one = [done('fulfillment', 20, fulfilled, { etag: '"3"' })];
    assert.ok(judgeLife({ life: handedOver, steps: one }).includes('CR-02 tag-differs'));
  });
});
