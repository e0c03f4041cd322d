import { CALLING_HELP, CALLING_OPTIONS, KEY_HELP, KEY_OPTION, withEngine } from '../calling-engine.ts';
import type { Command } from '../command.ts';
import { readArguments } from '../read-arguments.ts';
import { readId, readInteger, readKey } from '../read-values.ts';
import { CAPACITY_MAX, printStock } from './print-stock.ts';

/** Sets how many units of an item there are. */
export const setStock: Command = {
  help: `Usage: doorbuster stock set <item> <capacity> [options]

Says how many units of an item there are in all, those that are held or sold included. The engine refuses fewer than
that. For operators; "sale show" tells the ids of items.

  doorbuster stock set 0199f0c2-6f0e-7c1a-b9f3-0d6a2d2f8a12 750

${KEY_HELP}
${CALLING_HELP}`,

  async run(args) {
    const options = { ...KEY_OPTION, ...CALLING_OPTIONS };
    const { values, operands } = readArguments(args, { options, operands: ['item', 'capacity'] });
    const itemId = readId('<item>', operands[0]);
    const capacity = readInteger('<capacity>', operands[1], 0, CAPACITY_MAX);
    const key = readKey(values.key);
    return withEngine(values, async (engine) =>
      printStock(await engine.items.changeStock({ itemId, capacity }, key), values.json),
    );
  },
};
