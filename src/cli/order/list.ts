import type { Order } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, withEngine } from '../calling-engine.ts';
import type { Command } from '../command.ts';
import { given } from '../given.ts';
import { readMoment } from '../moments.ts';
import { printList } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readOptionalId } from '../read-values.ts';
import { LIMIT_HELP, LIMIT_OPTION, takeRows } from '../take-rows.ts';
import { ORDER_COLUMNS } from './order-columns.ts';

const TEXT = { type: 'string' } as const;

/** Lists orders. */
export const listOrders: Command = {
  help: `Usage: doorbuster order list [options]

Lists the orders that you may see and that fit all filters, the newest first.

  doorbuster order list --sale 0199f0c2-6f0e-7c1a-b9f3-0d6a2d2f8a11 --status confirmed,completed

  --sale ID       of this sale
  --merchant ID   of this merchant
  --user ID       of this customer
  --status WORDS  one or several, with commas between: pending_payment, payment_processing, confirmed,
                  pending_acceptance, preparing, ready_for_pickup, in_transit, completed, cancelled, rejected, expired
  --reference R   with exactly this number of the shop's own
  --from WHEN     placed at this time or later, like 2026-11-27T09:00:00+01:00
  --until WHEN    placed before this time
${LIMIT_HELP}
${CALLING_HELP}`,

  async run(args) {
    const { values } = readArguments(args, {
      options: {
        sale: TEXT,
        merchant: TEXT,
        user: TEXT,
        status: TEXT,
        reference: TEXT,
        from: TEXT,
        until: TEXT,
        ...LIMIT_OPTION,
        ...CALLING_OPTIONS,
      },
      operands: [],
    });
    const query = {
      saleId: readOptionalId('--sale', values.sale),
      merchantId: readOptionalId('--merchant', values.merchant),
      userId: readOptionalId('--user', values.user),
      status: values.status,
      reference: values.reference,
      placedFrom: momentOf('--from', values.from),
      placedUntil: momentOf('--until', values.until),
    };
    return withEngine(values, async (engine) => {
      const taken = await takeRows<Order>(values.limit, (limit) => engine.orders.list({ ...given(query), limit }));
      printList(taken, ORDER_COLUMNS, { json: values.json, nothing: 'There are no such orders.' });
    });
  },
};

function momentOf(name: string, text: string | undefined): string | undefined {
  const now = new Date();
  return text === undefined ? undefined : readMoment(name, text, { now, start: now });
}
