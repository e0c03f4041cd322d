import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ORDER_STATUSES } from '../src/domain/order.ts';
import { TRANSITIONS, type Transition } from '../src/domain/order-transitions.ts';
import { STEP_TERMS_DEFAULT } from '../src/domain/sale-terms.ts';
import { drawOrderStates } from './draw-order-states.ts';

const row = (changes: Pick<Transition, 'trigger' | 'from' | 'to'> & Partial<Transition>): Transition => ({
  fulfillment: 'any',
  who: ['owner'],
  stock: 'none',
  money: 'none',
  event: 'order.paid',
  ...changes,
});

/** The lines of the two diagrams, direct and kitchen. */
function diagramsOf(transitions: readonly Transition[]): [string[], string[]] {
  const [direct, kitchen, ...more] = [
    ...drawOrderStates(transitions, STEP_TERMS_DEFAULT).matchAll(/^```mermaid\n(.*?)^```$/gms),
  ].map(([, lines = '']) =>
    lines
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  );
  assert.ok(direct && kitchen && more.length === 0);
  return [direct, kitchen];
}

test('an arrow bears all that leads along it, and what the engine does by itself is marked', () => {
  const [direct] = diagramsOf([
    row({ trigger: 'cancellation', from: 'pending_payment', to: 'cancelled' }),
    row({ trigger: 'hold-expired', from: 'pending_payment', to: 'cancelled' }),
    row({ trigger: 'late-money', from: 'cancelled', to: 'cancelled' }),
  ]);
  assert.deepEqual(direct, [
    'stateDiagram-v2',
    '[*] --> pending_payment : placed',
    '[*] --> confirmed : placed, nothing to pay',
    'pending_payment --> cancelled : cancellation, ⚙ hold-expired',
    'cancelled --> cancelled : ⚙ late-money',
    'cancelled --> [*]',
  ]);
});

test('a diagram shows the rows of its kind of fulfillment only, and of them what an order can come to', () => {
  const [direct, kitchen] = diagramsOf([
    row({ trigger: 'fulfillment', from: 'confirmed', to: 'completed', fulfillment: 'direct' }),
    row({ trigger: 'acceptance', from: 'pending_acceptance', to: 'preparing', fulfillment: 'kitchen' }),
    row({ trigger: 'late-money', from: 'preparing', to: 'preparing' }),
    row({ trigger: 'late-money', from: 'expired', to: 'expired' }),
  ]);
  assert.deepEqual(direct.slice(3), ['confirmed --> completed : fulfillment', 'completed --> [*]']);
  assert.deepEqual(kitchen.slice(3), [
    'pending_acceptance --> preparing : acceptance',
    'preparing --> preparing : ⚙ late-money',
    'preparing --> [*]',
  ]);
});

test('two ways of one intent are told apart', () => {
  const pickup = { trigger: 'pickup', from: 'pending_acceptance', fulfillment: 'kitchen' } as const;
  const [, kitchen] = diagramsOf([
    row({ ...pickup, to: 'in_transit', handover: 'courier' }),
    row({ ...pickup, to: 'completed', handover: 'customer' }),
  ]);
  assert.ok(kitchen.includes('pending_acceptance --> in_transit : pickup (by a courier)'));
  assert.ok(kitchen.includes('pending_acceptance --> completed : pickup (by the customer)'));
});

test('the document has a row for each transition, draws every status and tells the defaults of the deadlines', () => {
  const document = drawOrderStates(TRANSITIONS, STEP_TERMS_DEFAULT);
  const [, transitions = ''] = document.split('## All transitions');
  assert.equal(transitions.match(/^\| /gm)?.length, TRANSITIONS.length + 1);
  const drawn = diagramsOf(TRANSITIONS).flat().join(' ').split(' ');
  for (const status of ORDER_STATUSES) assert.ok(drawn.includes(status), status);
  for (const [term, seconds] of Object.entries(STEP_TERMS_DEFAULT)) {
    assert.ok(document.includes(`| \`${term}\` | ${seconds} |`), term);
  }
});
