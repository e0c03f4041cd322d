import type { Case } from './case.ts';
import type { Violation } from './violation.ts';

/** S-05: at rest the gate equals the ledger, and no reservation is left in it. */
export function checkGate(facts: Case): Violation[] {
  const gate = facts.final.rest?.gate ?? null;
  if (gate === null || (gate.driftUnits === 0 && gate.openReservations === 0)) return [];
  const message = `at rest the gate differs by ${gate.driftUnits} units and has ${gate.openReservations} reservations`;
  return [{ promise: 'S-05', kind: 'gate-drift', message, evidence: { ...gate } }];
}
