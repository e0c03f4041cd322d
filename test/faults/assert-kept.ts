import assert from 'node:assert/strict';
import type { SeedResult } from './run-seed.ts';

const TOLD_MAX = 10;

/** Fails with what was broken and how to see it again, if a run broke anything. */
export function assertKept({ seed, struck, violations, historyFile }: SeedResult): void {
  if (violations.length === 0) return;
  const told = violations.slice(0, TOLD_MAX).map(({ promise, kind, message }) => `${promise} ${kind}: ${message}`);
  const faults = struck.map(({ kind }) => kind).join(', ');
  assert.fail(`FAULT_SEEDS=${seed} (${faults}) broke ${violations.length}; ${historyFile}\n${told.join('\n')}`);
}
