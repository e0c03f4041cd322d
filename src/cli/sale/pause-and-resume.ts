import type { Client, KeyedOptions, Sale } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, KEY_HELP, KEY_OPTION, withEngine } from '../calling-engine.ts';
import type { Command } from '../command.ts';
import { printDocument } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readId, readKey } from '../read-values.ts';
import { printable } from '../table.ts';

/** Takes no more orders for a sale. */
export const pauseSale = switchSale({
  verb: 'pause',
  effect: 'Takes no more orders for a sale until it is resumed. Orders that were placed can still be paid.',
  change: (engine, saleId, options) => engine.sales.pause(saleId, options),
});

/** Takes orders for a sale again. */
export const resumeSale = switchSale({
  verb: 'resume',
  effect: 'Takes orders again for a sale that was paused, if its time is not over.',
  change: (engine, saleId, options) => engine.sales.resume(saleId, options),
});

function switchSale({
  verb,
  effect,
  change,
}: {
  readonly verb: string;
  readonly effect: string;
  readonly change: (engine: Client, saleId: string, options: KeyedOptions) => Promise<Sale>;
}): Command {
  return {
    help: `Usage: doorbuster sale ${verb} <sale> [options]

${effect}

  doorbuster sale ${verb} 0199f0c2-6f0e-7c1a-b9f3-0d6a2d2f8a11

${KEY_HELP}
${CALLING_HELP}`,

    async run(args) {
      const options = { ...KEY_OPTION, ...CALLING_OPTIONS };
      const { values, operands } = readArguments(args, { options, operands: ['sale'] });
      const saleId = readId('<sale>', operands[0]);
      const key = readKey(values.key);
      return withEngine(values, async (engine) => {
        const sale = await change(engine, saleId, key);
        printDocument(sale, values.json, () => printable(`The sale "${sale.name}" is ${sale.status} now.`));
      });
    },
  };
}
