import type { Client, Order } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, withEngine } from '../calling-engine.ts';
import { type Command, CommandError, UsageError } from '../command.ts';
import { printDocument, tableOf } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { isId } from '../read-values.ts';
import { drawOrder } from './draw-order.ts';
import { ORDER_COLUMNS } from './order-columns.ts';

const INCLUDE = 'payments,refunds,history,sale';
/** More orders than these with one reference are not shown. */
const NAMESAKES_MAX = 20;

/** Shows an order. */
export const showOrder: Command = {
  help: `Usage: doorbuster order show <id or reference> [options]

Shows an order with its lines, its payments and refunds, and all that happened to it. A reference is the shop's own
number, as the order was placed with it.

  doorbuster order show 0199f0c5-9f70-7b1e-8a55-6c1f6a3f0e21
  doorbuster order show web-100482

${CALLING_HELP}`,

  async run(args) {
    const { values, operands } = readArguments(args, { options: CALLING_OPTIONS, operands: ['id or reference'] });
    const [name] = operands;
    if (name === '') throw new UsageError('<id or reference> is empty.');
    return withEngine(values, async (engine) => {
      const order = isId(name) ? await engine.orders.get(name, { include: INCLUDE }) : await named(engine, name);
      printDocument(order, values.json, () => drawOrder(order));
    });
  },
};

/** The order with a reference. Nothing keeps a shop from giving two of them the same. */
async function named(engine: Client, reference: string): Promise<Order> {
  const { data } = await engine.orders.list({ reference, include: `lines,${INCLUDE}`, limit: NAMESAKES_MAX }).page();
  const [order, ...others] = data;
  if (order === undefined) throw new CommandError(`You may see no order with the reference "${reference}".`);
  if (others.length === 0) return order;
  throw new CommandError(`Several orders have this reference. Show one by its id:\n\n${tableOf(data, ORDER_COLUMNS)}`);
}
