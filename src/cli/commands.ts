import type { Command } from './command.ts';

/** A command by a line on what it does; its code is loaded when it is asked for. */
export interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

type Entries = Readonly<Record<string, Entry>>;

/** Those that are an engine, start one or work on its ledger. Its settings are theirs. */
export const ENGINE_COMMANDS: Entries = {
  serve: {
    summary: 'run the engine; what happens without a command',
    load: async () => (await import('./serve.ts')).serve,
  },
  rush: {
    summary: 'rehearse a sale: many buyers at once, and a verdict',
    load: async () => (await import('./rush.ts')).rush,
  },
  'check-config': {
    summary: 'show the settings in effect, what is wrong with them and what is risky',
    load: async () => (await import('./check-config.ts')).checkConfig,
  },
  migrate: {
    summary: 'bring the schema of DATABASE_URL up to date, which a start of the engine does, too',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  backup: {
    summary: 'copy the embedded ledger, while the engine runs or not',
    load: async () => (await import('./backup.ts')).backup,
  },
  restore: {
    summary: 'put a backup in the place of the embedded ledger',
    load: async () => (await import('./restore.ts')).restore,
  },
  'renew-ledger-id': {
    summary: 'after restoring a ledger of your own (DATABASE_URL), before any engine starts on it',
    load: async () => (await import('./renew-ledger-id.ts')).renewLedgerId,
  },
};

/** Those that call a running engine, as anybody may over HTTP. */
export const CALLING_COMMANDS: Entries = {
  token: {
    summary: 'log in, and print a token for the commands below',
    load: async () => (await import('./token.ts')).token,
  },
  'sale create': {
    summary: 'make a sale, from options or from a file',
    load: async () => (await import('./sale/create.ts')).createSale,
  },
  'sale list': {
    summary: 'the sales, with what is left',
    load: async () => (await import('./sale/list.ts')).listSales,
  },
  'sale show': {
    summary: 'a sale with its items and their stock',
    load: async () => (await import('./sale/show.ts')).showSale,
  },
  'sale pause': {
    summary: 'take no more orders for now',
    load: async () => (await import('./sale/pause-and-resume.ts')).pauseSale,
  },
  'sale resume': {
    summary: 'take orders again',
    load: async () => (await import('./sale/pause-and-resume.ts')).resumeSale,
  },
  'stock set': {
    summary: 'say how many units of an item there are',
    load: async () => (await import('./stock/set.ts')).setStock,
  },
  'stock adjust': {
    summary: 'make them more or fewer',
    load: async () => (await import('./stock/adjust.ts')).adjustStock,
  },
  'order list': {
    summary: 'the orders that fit the filters',
    load: async () => (await import('./order/list.ts')).listOrders,
  },
  'order show': {
    summary: 'an order with its money and what happened to it, by its id or reference',
    load: async () => (await import('./order/show.ts')).showOrder,
  },
  'dead-letter list': {
    summary: 'what was given up',
    load: async () => (await import('./dead-letter/list.ts')).listDeadLetters,
  },
  'dead-letter show': {
    summary: 'one of them with its tries',
    load: async () => (await import('./dead-letter/show.ts')).showDeadLetter,
  },
  'dead-letter redrive': {
    summary: 'try one, or all, anew',
    load: async () => (await import('./dead-letter/redrive.ts')).redriveDeadLetters,
  },
  'dead-letter discard': {
    summary: 'give one up for good, with the reason',
    load: async () => (await import('./dead-letter/discard.ts')).discardDeadLetter,
  },
};

export const COMMANDS: Entries = { ...ENGINE_COMMANDS, ...CALLING_COMMANDS };

/** The commands whose name begins with this word, like those of `sale`. */
export function commandsOf(noun: string): Entries {
  return Object.fromEntries(Object.entries(COMMANDS).filter(([name]) => name.startsWith(`${noun} `)));
}

/** One line for each command, so that the lines of several lists stand in the same columns. */
export function drawCommands(entries: Entries): string {
  return Object.entries(entries)
    .map(([name, { summary }]) => `  ${name.padEnd(NAME_WIDTH)}  ${summary}`)
    .join('\n');
}

const NAME_WIDTH = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
