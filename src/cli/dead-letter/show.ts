import type { DeadLetterWithAttempts } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, withEngine } from '../calling-engine.ts';
import type { Command } from '../command.ts';
import { formatExactTime } from '../moments.ts';
import { printDocument, tableOf } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readId } from '../read-values.ts';
import { type Column, drawFields } from '../table.ts';

/** Shows a dead letter. */
export const showDeadLetter: Command = {
  help: `Usage: doorbuster dead-letter show <letter> [options]

Shows a dead letter with its tries. For operators.

  doorbuster dead-letter show 0199f0d1-53b2-7e44-9a0c-41f6a7d1c3b9

${CALLING_HELP}`,

  async run(args) {
    const { values, operands } = readArguments(args, { options: CALLING_OPTIONS, operands: ['letter'] });
    const letterId = readId('<letter>', operands[0]);
    return withEngine(values, async (engine) => {
      const letter = await engine.deadLetters.get(letterId);
      printDocument(letter, values.json, () => draw(letter));
    });
  },
};

function draw(letter: DeadLetterWithAttempts): string {
  const { redriveAt, endedAt, redrives, automaticRedrives } = letter;
  const fields = drawFields([
    ['Letter', letter.id],
    ['Kind', letter.kind],
    ['Status', letter.status],
    ['Error', letter.error],
    ['Order', letter.orderId],
    ['Merchant', letter.merchantId],
    ['Endpoint', letter.endpointId],
    ['Died', formatExactTime(letter.diedAt)],
    ['Ended', endedAt && formatExactTime(endedAt)],
    ['Redriven', redrives === 0 ? 'never' : `${redrives} times, ${automaticRedrives} of them by itself`],
    ['Anew by itself', redriveAt === null ? 'never' : formatExactTime(redriveAt)],
  ]);
  return `${fields}\n\n${tableOf(letter.attempts, COLUMNS)}`;
}

const COLUMNS: readonly Column<DeadLetterWithAttempts['attempts'][number]>[] = [
  { title: 'TRY', value: ({ number }) => number.toString(), align: 'right' },
  { title: 'WHEN', value: ({ startedAt }) => formatExactTime(startedAt) },
  { title: 'TOOK', value: ({ durationMs }) => `${durationMs.toLocaleString('en')} ms`, align: 'right' },
  { title: 'HTTP', value: ({ status }) => status?.toString() ?? '–', align: 'right' },
  { title: 'ERROR', value: ({ error }) => error ?? 'none', flexible: true },
  { title: 'ANSWER', value: ({ response }) => response ?? '', flexible: true },
];
