import type { Sale } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, withEngine } from '../calling-engine.ts';
import type { Command } from '../command.ts';
import { formatExactTime } from '../moments.ts';
import { formatMoney } from '../money.ts';
import { printDocument, tableOf } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readId } from '../read-values.ts';
import { type Column, drawFields } from '../table.ts';

/** Shows a sale. */
export const showSale: Command = {
  help: `Usage: doorbuster sale show <sale> [options]

Shows a sale with its items and their stock, as they are now. It needs no token.

  doorbuster sale show 0199f0c2-6f0e-7c1a-b9f3-0d6a2d2f8a11

${CALLING_HELP}`,

  async run(args) {
    const { values, operands } = readArguments(args, { options: CALLING_OPTIONS, operands: ['sale'] });
    const saleId = readId('<sale>', operands[0]);
    return withEngine(values, async (engine) => {
      const sale = await engine.sales.get(saleId);
      printDocument(sale, values.json, () => draw(sale));
    });
  },
};

function draw(sale: Sale): string {
  const { test, pausedAt } = sale;
  const fields = drawFields([
    ['Sale', sale.name],
    ['Id', sale.id],
    ['Merchant', sale.merchantId],
    ['Status', `${sale.status}${test ? ', a test' : ''}`],
    ['Opens', formatExactTime(sale.opensAt)],
    ['Closes', formatExactTime(sale.closesAt)],
    ['Paused', pausedAt === null ? null : `since ${formatExactTime(pausedAt)}`],
    ['Fulfillment', sale.fulfillment],
  ]);
  return `${fields}\n\n${tableOf(sale.items, columnsOf(sale.currency))}`;
}

function columnsOf(currency: string): Column<Sale['items'][number]>[] {
  const count = (value: number) => value.toLocaleString('en');
  return [
    { title: 'ITEM', value: ({ id }) => id },
    { title: 'NAME', value: ({ name }) => name, flexible: true },
    { title: 'LEFT', value: ({ stock }) => count(stock.available), align: 'right' },
    { title: 'HELD', value: ({ stock }) => count(stock.held), align: 'right' },
    { title: 'SOLD', value: ({ stock }) => count(stock.sold), align: 'right' },
    { title: 'OF', value: ({ stock }) => count(stock.capacity), align: 'right' },
    { title: 'PRICE', value: ({ priceMinor }) => formatMoney(priceMinor, currency), align: 'right' },
    { title: 'LIMIT', value: ({ limitPerCustomer }) => limitPerCustomer?.toString() ?? '–', align: 'right' },
  ];
}
