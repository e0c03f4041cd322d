import { CALLING_HELP, CALLING_OPTIONS, KEY_HELP, KEY_OPTION, withEngine } from '../calling-engine.ts';
import { type Command, UsageError } from '../command.ts';
import { printDocument } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readId, readKey } from '../read-values.ts';

/** Gives a dead letter up. */
export const discardDeadLetter: Command = {
  help: `Usage: doorbuster dead-letter discard <letter> --reason TEXT [options]

Gives a dead letter up: it is not tried any more. For operators.

  doorbuster dead-letter discard 0199f0d1-53b2-7e44-9a0c-41f6a7d1c3b9 --reason "paid back by bank transfer"

  --reason TEXT   for the audit log, which keeps it: nothing about a person
${KEY_HELP}
${CALLING_HELP}`,

  async run(args) {
    const options = { reason: { type: 'string' }, ...KEY_OPTION, ...CALLING_OPTIONS } as const;
    const { values, operands } = readArguments(args, { options, operands: ['letter'] });
    const letterId = readId('<letter>', operands[0]);
    const { reason } = values;
    if (!reason) throw new UsageError('--reason is missing.');
    const key = readKey(values.key);
    return withEngine(values, async (engine) => {
      const letter = await engine.deadLetters.discard(letterId, { reason }, key);
      printDocument(letter, values.json, () => `The ${letter.kind} ${letter.id} is ${letter.status}.`);
    });
  },
};
