import process from 'node:process';
import { parseArgs, styleText } from 'node:util';
import { ConfigError, readConfig } from './config/config.ts';
import { openDatabase } from './ledger/database.ts';
import { backUpEmbeddedLedger, restoreEmbeddedLedger } from './ledger/embedded-backup.ts';
import { EmbeddedPostgresError } from './ledger/embedded-postgres/embedded-postgres-error.ts';
import { renewLedgerId } from './ledger/ledger-id.ts';

const USAGE = `Usage: npm run doorbuster -- <command>

  backup <folder>    copy the embedded ledger (DATA_DIR) to a new folder, while the engine runs or not
  restore <folder>   put a backup in the place of the embedded ledger (DATA_DIR), which must be empty
  renew-ledger-id    after restoring a ledger of your own (DATABASE_URL), before any engine starts on it
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', default: false } },
});

/** The commands by their names. */
const COMMANDS: Readonly<Record<string, (argument: string) => Promise<void>>> = {
  backup: async (target) => {
    const files = progress('files copied');
    await backUpEmbeddedLedger(embeddedLedger(), target, files.count);
    files.end();
    say(`The backup is in ${target}. Restore it by: npm run doorbuster -- restore ${target}`);
  },
  restore: async (backup) => {
    await restoreEmbeddedLedger(embeddedLedger(), backup);
    say('The ledger is restored. Start the engine as usual.');
  },
  'renew-ledger-id': async () => {
    const { DATABASE_URL } = readConfig(process.env);
    if (DATABASE_URL === undefined) fail('DATABASE_URL is not set. A restored embedded ledger has a new id already.');
    const database = openDatabase({
      connection: { connectionString: DATABASE_URL },
      poolSize: 1,
      applicationName: 'doorbuster renew-ledger-id',
      onError: () => undefined,
    });
    const id = await renewLedgerId(database).finally(database.close);
    say(`The ledger is ${id} now. Start the engines.`);
  },
};
/** Those that want to know which folder. */
const WITH_FOLDER = new Set(['backup', 'restore']);

const [name = '', argument = '', ...rest] = positionals;
const command = COMMANDS[name];
if (values.help) {
  say(USAGE);
} else if (command === undefined || rest.length > 0 || WITH_FOLDER.has(name) !== (argument !== '')) {
  fail(USAGE);
} else {
  await command(argument).catch((error: unknown) => {
    if (error instanceof EmbeddedPostgresError || error instanceof ConfigError) fail(error.message);
    throw error;
  });
}

function embeddedLedger() {
  const { DATABASE_URL, DATA_DIR, EMBEDDED_POSTGRES } = readConfig(process.env);
  if (DATABASE_URL !== undefined) {
    fail(
      'DATABASE_URL is set: that ledger is backed up and restored by the means of PostgreSQL. See docs/operations.md.',
    );
  }
  return { dataDir: DATA_DIR, binaries: EMBEDDED_POSTGRES, log: () => undefined };
}

/** A count that moves on a terminal; elsewhere silence, and the sum at the end. */
function progress(what: string): { count(files: number): void; end(): void } {
  let last = 0;
  return {
    count(files) {
      last = files;
      if (process.stderr.isTTY && files % 50 === 0) process.stderr.write(`\r${styleText('dim', `${files} ${what}`)}`);
    },
    end: () => process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${last} ${what}\n`),
  };
}

function say(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}

function fail(message: string): never {
  process.stderr.write(`\n${message.trimEnd()}\n\n`);
  process.exit(1);
}
