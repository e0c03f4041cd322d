import type { Sale } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, withEngine } from '../calling-engine.ts';
import type { Command } from '../command.ts';
import { formatTime } from '../moments.ts';
import { printList } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readOptionalId } from '../read-values.ts';
import type { Column } from '../table.ts';
import { LIMIT_HELP, LIMIT_OPTION, takeRows } from '../take-rows.ts';

/** Lists sales. */
export const listSales: Command = {
  help: `Usage: doorbuster sale list [options]

Lists sales: their status by the engine's clock, and how many units of all items are left. It needs no token.

  doorbuster sale list --limit 10

  --merchant ID   those of this merchant only
  --test          test sales instead of real ones
${LIMIT_HELP}
${CALLING_HELP}`,

  async run(args) {
    const { values } = readArguments(args, {
      options: { merchant: { type: 'string' }, test: { type: 'boolean' }, ...LIMIT_OPTION, ...CALLING_OPTIONS },
      operands: [],
    });
    const merchantId = readOptionalId('--merchant', values.merchant);
    const test = values.test ?? false;
    return withEngine(values, async (engine) => {
      const taken = await takeRows(values.limit, (limit) =>
        engine.sales.list({ test, limit, ...(merchantId === undefined ? {} : { merchantId }) }),
      );
      printList(taken, COLUMNS, { json: values.json, nothing: 'There are no such sales.' });
    });
  },
};

const COLUMNS: readonly Column<Sale>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'STATUS', value: ({ status }) => status },
  { title: 'NAME', value: ({ name }) => name, flexible: true },
  { title: 'LEFT', value: ({ items }) => leftOf(items), align: 'right' },
  { title: 'OPENS', value: ({ opensAt }) => formatTime(opensAt) },
  { title: 'CLOSES', value: ({ closesAt }) => formatTime(closesAt) },
];

function leftOf(items: Sale['items']): string {
  const sum = (count: (stock: Sale['items'][number]['stock']) => number) =>
    items.reduce((total, { stock }) => total + count(stock), 0).toLocaleString('en');
  return `${sum(({ available }) => available)} of ${sum(({ capacity }) => capacity)}`;
}
