import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opensBeforeItCloses } from './sale-terms.ts';

const noon = new Date('2026-11-01T12:00:00Z');
const later = new Date(noon.getTime() + 1);

test('a sale must open before it closes, and a window without a moment is none', () => {
  assert.equal(opensBeforeItCloses({ opensAt: noon, closesAt: later }), true);
  assert.equal(opensBeforeItCloses({ opensAt: noon, closesAt: noon }), false);
  assert.equal(opensBeforeItCloses({ opensAt: later, closesAt: noon }), false);
});
