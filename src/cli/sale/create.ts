import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { type Client, DoorbusterError } from '../../../client/src/index.ts';
import { CALLING_HELP, CALLING_OPTIONS, KEY_HELP, KEY_OPTION, withEngine } from '../calling-engine.ts';
import { type Command, CommandError, UsageError } from '../command.ts';
import { printDocument } from '../print.ts';
import { readArguments } from '../read-arguments.ts';
import { readKey } from '../read-values.ts';
import { reasonOf } from '../reason-of.ts';
import { type NewSale, SALE_OPTIONS, type SaleValues, saleOf } from './sale-of.ts';

/** Makes a sale. */
export const createSale: Command = {
  help: `Usage: doorbuster sale create --name NAME --currency CODE --closes WHEN --item ITEM [options]
       doorbuster sale create --file FILE [--key KEY]

Makes a sale and prints its id.

  doorbuster sale create --name "Friday drop" --currency EUR --opens 2026-11-27T09:00:00+01:00 --closes +2h \\
    --item "Poster:15.00:500:2" --item "Print:120.00:50"

  --name NAME     what it is called
  --currency CODE ISO 4217, like EUR
  --opens WHEN    now (unless told otherwise), +30m from now, or a time with its time zone
  --closes WHEN   a time with its time zone, or +2h after the opening (s, m, h, d)
  --item ITEM     name:price:capacity or name:price:capacity:limit; again for each further item.
                  The price is that of a price tag, with all decimals of its currency: 15.00 EUR, 1500 JPY.
                  The limit is the units that one customer may have.
  --merchant ID   whose sale it is; need not be told by who works for one merchant only
  --fulfillment   direct (unless told otherwise) or kitchen
  --test          a rehearsal, which the public does not see
  --file FILE     the sale as JSON, just as POST /api/v1/sales takes it, with all that it can say; - for standard input
${KEY_HELP};
                  then --opens must be a time
${CALLING_HELP}`,

  async run(args) {
    const { values } = readArguments(args, {
      options: { ...SALE_OPTIONS, file: { type: 'string' }, ...KEY_OPTION, ...CALLING_OPTIONS },
      operands: [],
    });
    const key = readKey(values.key);
    const sale = await readSale(values);
    return withEngine(values, async (engine) => {
      const whole = { ...sale, merchantId: sale.merchantId ?? (await onlyMerchant(engine)) };
      const made = await engine.sales.create(whole, key).catch((error: unknown) => {
        if (error instanceof DoorbusterError && error.effectUnknown) keepIntent(whole);
        throw error;
      });
      printDocument(made, values.json, () => made.id);
    });
  },
};

async function readSale(values: SaleValues & { readonly file?: string | undefined }): Promise<NewSale> {
  const { file } = values;
  if (file === undefined) return saleOf(values, new Date());
  const besides = Object.keys(SALE_OPTIONS).find((name) => name in values);
  if (besides !== undefined) throw new UsageError(`--${besides} and --file exclude each other.`);
  return readFileSale(file);
}

/** A sale's document. The engine judges it; only what cannot be one is refused here. */
async function readFileSale(file: string): Promise<NewSale> {
  const place = file === '-' ? 'Standard input' : file;
  const content = await (file === '-' ? text(process.stdin) : readFile(file, 'utf8')).catch((error: unknown) => {
    throw new CommandError(`${place} cannot be read: ${reasonOf(error)}`, { cause: error });
  });
  const sale = parseJson(place, content);
  if (typeof sale === 'object' && sale !== null && !Array.isArray(sale)) return sale as NewSale;
  throw new CommandError(`${place} has no JSON object.`);
}

function parseJson(place: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new CommandError(`${place} is not JSON: ${reasonOf(error)}`, { cause: error });
  }
}

/** A repeat under the same key must say the same, and "now" would not. */
function keepIntent(sale: object): void {
  process.stderr.write(`The sale as it was asked for, to ask again by --file:\n${JSON.stringify(sale)}\n`);
}

async function onlyMerchant(engine: Client): Promise<string> {
  const { data } = await engine.merchants.list({ limit: 2 }).page();
  const [only, another] = data;
  if (only !== undefined && another === undefined) return only.id;
  throw new CommandError(
    only === undefined
      ? 'There is no merchant that you may sell for.'
      : 'You may sell for several merchants: say by --merchant for which. GET /api/v1/merchants lists them.',
  );
}
