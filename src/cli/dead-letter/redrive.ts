import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, KeyedOptions, Redrive } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, KEY_HELP, KEY_OPTION, withEngine } from '../calling-engine.ts';
import { type Command, CommandError, UsageError } from '../command.ts';
import { printDocument } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readId, readInteger, readKey } from '../read-values.ts';
import { FILTER_HELP, FILTER_OPTIONS, readFilter } from './filter.ts';

const POLL_MS = 500;
const PER_SECOND_MAX = 1_000;
/** What shells take for "ended by Ctrl-C". */
const BROKEN_OFF = 130;

/** Tries dead letters anew. */
export const redriveDeadLetters: Command = {
  help: `Usage: doorbuster dead-letter redrive <letter> [options]
       doorbuster dead-letter redrive --all [filters] [options]

Tries one dead letter anew, or all that fit the filters, the oldest first; then it shows how far that is until it is
over. Ctrl-C ends the command, not the redrive. For operators. Find and mend the cause first, and discard refunds that
were paid back in another way: a redrive of all would pay them once more.

  doorbuster dead-letter redrive --all --kind webhook --per-second 50

  --all           all that fit the filters; without a filter all
${FILTER_HELP}
  --per-second N  so many at most (10)
${KEY_HELP}
${CALLING_HELP}`,

  async run(args) {
    const options = {
      ...FILTER_OPTIONS,
      all: { type: 'boolean' },
      'per-second': { type: 'string' },
      ...KEY_OPTION,
      ...CALLING_OPTIONS,
    } as const;
    const { values, operands } = readArguments(args, { options, operands: ['letter?'] });
    const [letter] = operands;
    const key = readKey(values.key);
    const filter = readFilter(values);
    const perSecond = values['per-second'];
    const ofMany = Object.keys(filter).length > 0 || perSecond !== undefined || values.all === true;
    if ((letter === undefined) !== (values.all === true) || (letter !== undefined && ofMany)) {
      throw new UsageError('Give either a <letter> alone, or --all and which.');
    }
    if (letter !== undefined) {
      const letterId = readId('<letter>', letter);
      return withEngine(values, (engine) => redriveOne(engine, letterId, key, values.json));
    }
    const which =
      perSecond === undefined
        ? filter
        : { ...filter, perSecond: readInteger('--per-second', perSecond, 1, PER_SECOND_MAX) };
    return withEngine(values, async (engine) => {
      const ended = await untilEnded(engine, await engine.redrives.start(which, key));
      printDocument(
        ended,
        values.json,
        () => `${ended.redriven} of ${ended.matched} dead letters were tried anew. ${AFTERWARDS}`,
      );
      if (ended.status === 'cancelled') throw new CommandError('Somebody cancelled the redrive.');
    });
  },
};

const AFTERWARDS = 'What fails again is in "dead-letter list" again.';

async function redriveOne(
  engine: Client,
  letterId: string,
  key: KeyedOptions,
  json: boolean | undefined,
): Promise<void> {
  const letter = await engine.deadLetters.redrive(letterId, key);
  printDocument(
    letter,
    json,
    () => `The ${letter.kind} is being tried anew. "dead-letter show ${letter.id}" tells what came of it.`,
  );
}

/** Shows how far a redrive is until it has ended. The engine carries it on whoever watches. */
async function untilEnded(engine: Client, begun: Redrive): Promise<Redrive> {
  const leave = () => {
    process.stderr.write(`\nThe redrive goes on in the engine. ${AFTERWARDS}\n`);
    process.exit(BROKEN_OFF);
  };
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
  if (!process.stderr.isTTY) process.stderr.write(`Redrive ${begun.id} of ${begun.matched} has begun.\n`);
  let redrive = begun;
  try {
    for (showProgress(redrive); redrive.status === 'running'; showProgress(redrive)) {
      await delay(POLL_MS);
      redrive = await engine.redrives.get(begun.id);
    }
    return redrive;
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\n');
    process.off('SIGINT', leave);
    process.off('SIGTERM', leave);
  }
}

/** A line that changes; elsewhere than on a terminal it would fill a log. */
function showProgress({ redriven, matched }: Redrive): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${redriven} of ${matched} tried anew`);
}
