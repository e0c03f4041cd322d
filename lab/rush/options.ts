import { parseArgs } from 'node:util';
import type { RehearsalOptions } from './rehearsal.ts';
import { LIMIT_DEFAULT, STOCK_DEFAULT } from './test-sale.ts';

/** What the command line asks for. No `urls`: an engine is to be found or started. */
export type RushOptions = Omit<RehearsalOptions, 'urls'> & {
  readonly urls: readonly string[];
  readonly historyFile: string | undefined;
  readonly jsonFile: string | undefined;
};

export type ParsedCommandLine =
  | { readonly kind: 'run'; readonly options: RushOptions }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

export const USAGE = `Usage: doorbuster rush [options]     (in a clone of the repository: npm run rush -- [options])

A rehearsal: many buyers at once on a test sale, and a verdict read back from the engine.
Without --url it uses the engine on 127.0.0.1 (port 3000, or PORT); if there is none, it
starts one on a temporary data folder and stops it afterwards.

  --url URL               the engine to use; again for each further process of it
  --sale ID|NAME          rehearse on a copy of this sale (same items, prices, limits, stock)
  --buyers N              buyers, each with an own account (2000)
  --orders-per-buyer N    orders that each buyer places, each with an own key (2)
  --quantity-max N        units per line, from 1 to N by chance (2)
  --stock N               units of each item (${STOCK_DEFAULT}; of a copy: the original's)
  --limit N               units of an item per customer, 0 for none (${LIMIT_DEFAULT}; of a copy: the original's)
  --concurrency N         connections open at the same time (64)
  --seed N                repeats the choices of an earlier run (a new one every time)
  --sold-out-bound-ms N   how old a "sold out" may be (0; with several --url 1000)
  --history FILE          write the record of every request, one JSON line each
  --json FILE             write the verdict as JSON
  --operator-email, --operator-password
                          the operator's account; or DOORBUSTER_OPERATOR_EMAIL and
                          DOORBUSTER_OPERATOR_PASSWORD; the defaults fit a development engine
  --help                  this text

Exit code: 0 clean, 1 a promise broken, 2 it could not be run, 130 broken off with Ctrl-C
(the partial verdict is clean).
`;

const TEXT = { type: 'string' } as const;
const OPTIONS = {
  url: { type: 'string', multiple: true },
  sale: TEXT,
  buyers: TEXT,
  'orders-per-buyer': TEXT,
  'quantity-max': TEXT,
  stock: TEXT,
  limit: TEXT,
  concurrency: TEXT,
  seed: TEXT,
  'sold-out-bound-ms': TEXT,
  history: TEXT,
  json: TEXT,
  'operator-email': TEXT,
  'operator-password': TEXT,
} as const;

/** Several processes may take so long to hear of stock that came back to another (S-08). */
const SOLD_OUT_BOUND_MS = 1_000;

/** The settings of a development engine. */
const DEVELOPMENT_OPERATOR = { email: 'operator@example.com', password: 'doorbuster-development' };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the command line. All faults are told at once. */
export function parseCommandLine(args: readonly string[], env: Environment): ParsedCommandLine {
  let values: { [Name in keyof typeof OPTIONS]?: string | string[] | undefined };
  try {
    values = parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return { kind: 'faults', faults: [error instanceof Error ? error.message : String(error)] };
  }
  const faults: string[] = [];
  const text = (name: keyof typeof OPTIONS) => (typeof values[name] === 'string' ? values[name] : undefined);
  const number = (name: keyof typeof OPTIONS, least: number, most: number) => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= least && value <= most) return value;
    faults.push(`--${name} must be a whole number from ${least} to ${most}, not "${given}"`);
    return undefined;
  };
  const urls = Array.isArray(values.url) ? values.url : [];
  for (const url of urls.filter((each) => !isHttpUrl(each))) {
    faults.push(`--url must be an http or https address, not "${url}"`);
  }
  const options: RushOptions = {
    urls: urls.map((url) => url.replace(/\/+$/, '')),
    copyOf: text('sale'),
    buyers: number('buyers', 1, 100_000) ?? 2000,
    ordersPerBuyer: number('orders-per-buyer', 1, 100) ?? 2,
    quantityMax: number('quantity-max', 1, 100) ?? 2,
    stock: number('stock', 1, 1_000_000),
    limit: number('limit', 0, 1_000_000),
    concurrency: number('concurrency', 1, 2_000) ?? 64,
    seed: number('seed', 0, 2 ** 32 - 1) ?? Math.floor(Math.random() * 2 ** 32),
    soldOutBoundMs: number('sold-out-bound-ms', 0, 60_000) ?? (urls.length > 1 ? SOLD_OUT_BOUND_MS : 0),
    historyFile: text('history'),
    jsonFile: text('json'),
    operator: {
      email: text('operator-email') ?? env['DOORBUSTER_OPERATOR_EMAIL'] ?? DEVELOPMENT_OPERATOR.email,
      password: text('operator-password') ?? env['DOORBUSTER_OPERATOR_PASSWORD'] ?? DEVELOPMENT_OPERATOR.password,
    },
  };
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'run', options };
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
}
