import type { Database } from '../ledger/database.ts';
import {
  type DeadLetter,
  type DeadLetterStatus,
  findDeadLetter,
  type LockedLetter,
  lockDeadLetter,
  lockLettersOfRedrive,
  lockScheduledLetters,
  markDiscarded,
  markRedriving,
} from '../ledger/dead-letters.ts';
import { discardNotifications, reviveNotifications } from '../ledger/notifications.ts';
import { reviveJobs } from '../ledger/payment-jobs.ts';
import { advanceRedrive, lockRunningRedrive } from '../ledger/redrives.ts';
import type { Queryable } from '../ledger/statement.ts';
import { discardDeliveries, reviveDeliveries } from '../ledger/webhook-deliveries.ts';

/** Letters that one process redrives by the schedule at a time. */
const SCHEDULED_MAX = 10;

/** How a request about one letter ended. */
export type LetterOutcome =
  | { readonly outcome: 'done'; readonly letter: DeadLetter }
  | { readonly outcome: 'unknown-letter' }
  /** Only a dead one can be redriven or discarded. */
  | { readonly outcome: 'not-dead'; readonly status: DeadLetterStatus }
  /** What it was about is gone: the endpoint was deleted. */
  | { readonly outcome: 'not-revivable' };

/** Tries the duty of a dead letter anew, with all its tries. */
export async function redriveLetter(transaction: Queryable, letterId: string): Promise<LetterOutcome> {
  const letter = await lockDeadLetter(transaction, letterId);
  if (letter === undefined) return { outcome: 'unknown-letter' };
  if (letter.status !== 'dead') return { outcome: 'not-dead', status: letter.status };
  const [revived] = await revive(transaction, [letter]);
  if (revived === undefined) return { outcome: 'not-revivable' };
  await markRedriving(transaction, [letterId], 'person');
  return changed(transaction, letterId);
}

/** Gives a dead letter up for good. */
export async function discardLetter(transaction: Queryable, letterId: string): Promise<LetterOutcome> {
  const letter = await lockDeadLetter(transaction, letterId);
  if (letter === undefined) return { outcome: 'unknown-letter' };
  if (letter.status !== 'dead') return { outcome: 'not-dead', status: letter.status };
  await discard(transaction, [letter]);
  return changed(transaction, letterId);
}

async function changed(transaction: Queryable, letterId: string): Promise<LetterOutcome> {
  const letter = await findDeadLetter(transaction, letterId);
  return letter === undefined ? { outcome: 'unknown-letter' } : { outcome: 'done', letter };
}

/**
 * Redrives as many letters of the running redrive as its rate allows by now. Letters, their duties and the progress are
 * one transaction, so a process that dies at any moment leaves nothing half-done and counts nothing twice.
 */
export async function carryOnRedrive(database: Database): Promise<void> {
  await database.transaction(async (transaction) => {
    const running = await lockRunningRedrive(transaction);
    if (running === undefined || running.allowed <= 0) return;
    const letters = await lockLettersOfRedrive(transaction, running, running.allowed);
    const redriven = await redriveLocked(transaction, letters, 'person');
    await advanceRedrive(transaction, running.id, redriven, letters.length < running.allowed);
  });
}

/** Redrives letters whose time by the schedule has come (see `lockScheduledLetters`). */
export async function redriveScheduled(database: Database, schedule: readonly number[]): Promise<void> {
  await database.transaction(async (transaction) => {
    await redriveLocked(transaction, await lockScheduledLetters(transaction, schedule, SCHEDULED_MAX), 'schedule');
  });
}

/** Redrives locked letters and tells how many; those about something that is gone are discarded. */
async function redriveLocked(
  transaction: Queryable,
  letters: readonly LockedLetter[],
  by: 'person' | 'schedule',
): Promise<number> {
  if (letters.length === 0) return 0;
  const revived = await revive(transaction, letters);
  await markRedriving(
    transaction,
    revived.map(({ id }) => id),
    by,
  );
  const gone = letters.filter((letter) => !revived.includes(letter));
  if (gone.length > 0) await discard(transaction, gone);
  return revived.length;
}

/** Makes the duties of letters due, and gives those letters for which that could be done. */
async function revive(transaction: Queryable, letters: readonly LockedLetter[]): Promise<readonly LockedLetter[]> {
  const { webhooks, notifications, jobs } = dutiesOf(letters);
  const revived = new Set<string>(notifications);
  if (webhooks.length > 0) for (const id of await reviveDeliveries(transaction, webhooks)) revived.add(id);
  if (notifications.length > 0) await reviveNotifications(transaction, notifications);
  if (jobs.length > 0) for (const id of await reviveJobs(transaction, jobs)) revived.add(id);
  return letters.filter(({ dutyId }) => revived.has(dutyId));
}

/** A payment job that is given up stays as it failed: the money rules go by that. */
async function discard(transaction: Queryable, letters: readonly LockedLetter[]): Promise<void> {
  const { webhooks, notifications } = dutiesOf(letters);
  if (webhooks.length > 0) await discardDeliveries(transaction, webhooks);
  if (notifications.length > 0) await discardNotifications(transaction, notifications);
  await markDiscarded(
    transaction,
    letters.map(({ id }) => id),
  );
}

function dutiesOf(letters: readonly LockedLetter[]) {
  const of = (fits: (kind: LockedLetter['kind']) => boolean) =>
    letters.filter(({ kind }) => fits(kind)).map(({ dutyId }) => dutyId);
  return {
    webhooks: of((kind) => kind === 'webhook'),
    notifications: of((kind) => kind === 'notification'),
    jobs: of((kind) => kind !== 'webhook' && kind !== 'notification'),
  };
}
