import { type Static, Type } from 'typebox';
import { DEAD_LETTER_STATUSES, type DeadLetter, NEVER_BY_ITSELF } from '../../../ledger/dead-letters.ts';
import type { DutyAttempt } from '../../../ledger/duty-attempts.ts';
import { Uuid } from '../../uuid.ts';
import { LetterKind } from './dead-letter-filter.ts';

const Timestamp = Type.String({ format: 'date-time' });
const OrNull = <const Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);

export const LetterStatus = Type.Enum([...DEAD_LETTER_STATUSES], {
  description: 'dead: it waits. redriving: it is tried anew. resolved: it succeeded after all. discarded: given up.',
});

const FIELDS = {
  id: Uuid,
  kind: LetterKind,
  status: LetterStatus,
  dutyId: { ...Uuid, description: 'The delivery, notification or payment job.' },
  merchantId: OrNull(Uuid),
  endpointId: OrNull(Uuid),
  orderId: OrNull(Uuid),
  error: Type.String({ description: 'What the last try came to.' }),
  attemptCount: Type.Integer({ description: 'Tries altogether, also such as only asked again.' }),
  redrives: Type.Integer({ description: 'How often it was tried anew, by a person or by the schedule.' }),
  automaticRedrives: Type.Integer(),
  redriveAt: { ...OrNull(Timestamp), description: 'When it is tried anew by itself; null if never.' },
  diedAt: { ...Timestamp, description: 'The last time.' },
  endedAt: { ...OrNull(Timestamp), description: 'When it was resolved or discarded.' },
};

/** A dead letter in a list. */
export const DeadLetterResource = Type.Object(FIELDS, { $id: 'DeadLetter', title: 'DeadLetter' });

const AttemptResource = Type.Object({
  number: Type.Integer(),
  startedAt: Timestamp,
  durationMs: Type.Integer(),
  status: { ...OrNull(Type.Integer()), description: "The receiver's HTTP status, if it answered." },
  error: { ...OrNull(Type.String()), description: 'Null where it succeeded.' },
  response: { ...OrNull(Type.String()), description: 'The beginning of the answer.' },
});

/** A dead letter with its tries. */
export const DeadLetterWithAttemptsResource = Type.Object(
  {
    ...FIELDS,
    attempts: Type.Array(AttemptResource, {
      description:
        'Oldest first. Tries that a payment provider answered with "not yet" are left out, and such as are past the retention of attempts.',
    }),
  },
  { $id: 'DeadLetterWithAttempts', title: 'DeadLetterWithAttempts' },
);

/** `schedule`: after how many seconds letters are redriven by themselves, in turn. */
export function toDeadLetterResource(
  letter: DeadLetter,
  schedule: readonly number[],
): Static<typeof DeadLetterResource> {
  const { attempts, diedAt, endedAt, ...rest } = letter;
  return {
    ...rest,
    attemptCount: attempts,
    redriveAt: redriveAtOf(letter, schedule),
    diedAt: diedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}

export function toDeadLetterWithAttempts(
  letter: DeadLetter,
  attempts: readonly DutyAttempt[],
  schedule: readonly number[],
): Static<typeof DeadLetterWithAttemptsResource> {
  return {
    ...toDeadLetterResource(letter, schedule),
    attempts: attempts.map((attempt) => ({ ...attempt, startedAt: attempt.startedAt.toISOString() })),
  };
}

function redriveAtOf(letter: DeadLetter, schedule: readonly number[]): string | null {
  const { kind, status, automaticRedrives, diedAt } = letter;
  const seconds = schedule[automaticRedrives];
  if (kind === NEVER_BY_ITSELF || status !== 'dead' || seconds === undefined) return null;
  return new Date(diedAt.getTime() + seconds * 1_000).toISOString();
}
