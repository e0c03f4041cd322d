import type { Case, CheckSettings } from './case.ts';
import { layOutCase } from './case.ts';
import { checkAnswers } from './check-answers.ts';
import { checkArrivalGaps, checkArrivalOrder } from './check-arrival.ts';
import { checkDeadlines } from './check-deadlines.ts';
import { checkEvents } from './check-events.ts';
import { checkGate } from './check-gate.ts';
import { checkNoHiddenWin, checkOneOrderPerKey, checkReplays, checkResolved } from './check-keys.ts';
import { checkFalseLimits, checkLimits } from './check-limits.ts';
import { checkLives } from './check-lives.ts';
import { checkBalance, checkOneCharge } from './check-money.ts';
import { checkListing, checkPrices, checkReadBack, checkWhole } from './check-orders.ts';
import { checkPreconditions, checkTags } from './check-preconditions.ts';
import { checkSoldOut } from './check-sold-out.ts';
import { checkStepAnswers, checkStepEffects, checkStepReplays } from './check-steps.ts';
import { checkBooks, checkCounters, checkOversold, checkSamples, checkUndersold } from './check-stock.ts';
import { checkVersionsRise } from './check-versions.ts';
import { checkWindow } from './check-window.ts';
import { checkWitness } from './check-witness.ts';
import type { FinalState, History } from './history.ts';
import type { Violation } from './violation.ts';

/** Every check, in the order in which its findings are told. A new promise is a new function here. */
const CHECKS: readonly ((facts: Case) => Violation[])[] = [
  checkOversold,
  checkUndersold,
  checkBooks,
  checkCounters,
  checkWitness,
  checkSamples,
  checkReadBack,
  checkPrices,
  checkListing,
  checkOneOrderPerKey,
  checkResolved,
  checkReplays,
  checkNoHiddenWin,
  checkLimits,
  checkFalseLimits,
  checkArrivalGaps,
  checkArrivalOrder,
  checkSoldOut,
  checkWhole,
  checkWindow,
  checkAnswers,
  checkLives,
  checkVersionsRise,
  checkDeadlines,
  checkStepAnswers,
  checkStepReplays,
  checkStepEffects,
  checkTags,
  checkPreconditions,
  checkOneCharge,
  checkBalance,
  checkEvents,
  checkGate,
];

const DEFAULT_SETTINGS: CheckSettings = { soldOutBoundMs: 0, complete: true };

/**
 * Judges one run on one sale: what its clients recorded against what the engine shows at the end. What was not read
 * (see `RestState`) is not judged. Pure, and it knows
 * nothing of the engine but the wire. Everything it reports is certain from the record; what only may be wrong is not
 * reported. n log n in the records.
 */
export function checkHistory(history: History, final: FinalState, settings: Partial<CheckSettings> = {}): Violation[] {
  const facts = layOutCase(history, final, { ...DEFAULT_SETTINGS, ...settings });
  return CHECKS.flatMap((check) => check(facts));
}
