import { CALLING_HELP, CALLING_OPTIONS, KEY_HELP, KEY_OPTION, withEngine } from '../calling-engine.ts';
import type { Command } from '../command.ts';
import { readArguments } from '../read-arguments.ts';
import { readId, readInteger, readKey } from '../read-values.ts';
import { CAPACITY_MAX, printStock } from './print-stock.ts';

/** Makes the units of an item more or fewer. */
export const adjustStock: Command = {
  help: `Usage: doorbuster stock adjust <item> <by> [options]

Makes the units of an item more (50 or +50) or fewer (-50). The engine refuses to take units that are held or sold. For
operators; "sale show" tells the ids of items.

  doorbuster stock adjust 0199f0c2-6f0e-7c1a-b9f3-0d6a2d2f8a12 -50

${KEY_HELP}
${CALLING_HELP}`,

  async run(args) {
    const options = { ...KEY_OPTION, ...CALLING_OPTIONS };
    const { values, operands } = readArguments(afterOptions(args), { options, operands: ['item', 'by'] });
    const itemId = readId('<item>', operands[0]);
    const adjustBy = readInteger('<by>', operands[1], -CAPACITY_MAX, CAPACITY_MAX);
    const key = readKey(values.key);
    return withEngine(values, async (engine) =>
      printStock(await engine.items.changeStock({ itemId, adjustBy }, key), values.json),
    );
  },
};

/** A number with a minus sign would count as an option, so it is put behind the mark that ends these. */
function afterOptions(args: readonly string[]): string[] {
  const isNegative = (arg: string) => /^-\d/.test(arg);
  return [...args.filter((arg) => !isNegative(arg)), '--', ...args.filter(isNegative)];
}
