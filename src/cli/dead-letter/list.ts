import type { DeadLetter } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, withEngine } from '../calling-engine.ts';
import type { Command } from '../command.ts';
import { given } from '../given.ts';
import { formatTime } from '../moments.ts';
import { printList } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readWord } from '../read-values.ts';
import type { Column } from '../table.ts';
import { LIMIT_HELP, LIMIT_OPTION, takeRows } from '../take-rows.ts';
import { FILTER_HELP, FILTER_OPTIONS, readFilter } from './filter.ts';

/** Lists dead letters. */
export const listDeadLetters: Command = {
  help: `Usage: doorbuster dead-letter list [options]

Lists what was given up after all its tries, or was refused for good: webhooks, notifications, and what a payment
provider is asked or told. For operators. What can be done about it: docs/dead-letters.md.

  doorbuster dead-letter list --kind refund

${FILTER_HELP}
  --status WORD   dead (unless told otherwise), redriving, resolved or discarded
${LIMIT_HELP}
${CALLING_HELP}`,

  async run(args) {
    const options = { ...FILTER_OPTIONS, status: { type: 'string' }, ...LIMIT_OPTION, ...CALLING_OPTIONS } as const;
    const { values } = readArguments(args, { options, operands: [] });
    const status = readWord('--status', values.status, ['dead', 'redriving', 'resolved', 'discarded']);
    const query = { ...readFilter(values), ...given({ status }) };
    return withEngine(values, async (engine) => {
      const taken = await takeRows(values.limit, (limit) => engine.deadLetters.list({ ...query, limit }));
      printList(taken, COLUMNS, { json: values.json, nothing: 'There are no such dead letters.' });
    });
  },
};

const COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'LETTER', value: ({ id }) => id },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'TRIES', value: ({ attemptCount }) => attemptCount.toString(), align: 'right' },
  { title: 'ERROR', value: ({ error }) => error, flexible: true },
  { title: 'DIED', value: ({ diedAt }) => formatTime(diedAt) },
  { title: 'ANEW BY ITSELF', value: ({ redriveAt }) => (redriveAt === null ? 'never' : formatTime(redriveAt)) },
];
