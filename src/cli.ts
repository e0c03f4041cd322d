import process from 'node:process';
import { type Command, CommandError, say, UsageError } from './cli/command.ts';
import { ConfigError } from './config/config.ts';
import { EmbeddedPostgresError } from './ledger/embedded-postgres/embedded-postgres-error.ts';
import { VERSION } from './version.ts';

/** A command by a line on what it does; its code is loaded when it is asked for. */
interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: {
    summary: 'run the engine; what happens without a command',
    load: async () => (await import('./cli/serve.ts')).serve,
  },
  rush: {
    summary: 'rehearse a sale: many buyers at once, and a verdict',
    load: async () => (await import('./cli/rush.ts')).rush,
  },
  'check-config': {
    summary: 'show the settings in effect, what is wrong with them and what is risky',
    load: async () => (await import('./cli/check-config.ts')).checkConfig,
  },
  migrate: {
    summary: 'bring the schema of DATABASE_URL up to date, which a start of the engine does, too',
    load: async () => (await import('./cli/migrate.ts')).migrate,
  },
  backup: {
    summary: 'copy the embedded ledger, while the engine runs or not',
    load: async () => (await import('./cli/backup.ts')).backup,
  },
  restore: {
    summary: 'put a backup in the place of the embedded ledger',
    load: async () => (await import('./cli/restore.ts')).restore,
  },
  'renew-ledger-id': {
    summary: 'after restoring a ledger of your own (DATABASE_URL), before any engine starts on it',
    load: async () => (await import('./cli/renew-ledger-id.ts')).renewLedgerId,
  },
};

const NAME_WIDTH = Math.max(...Object.keys(COMMANDS).map((name) => name.length));

const HELP = `Usage: doorbuster [command] [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(NAME_WIDTH)}  ${summary}`)
  .join('\n')}

  doorbuster <command> --help   what it takes
  doorbuster --version          the version

Settings are environment variables: docs/configuration.md, and check-config. In a clone of the repository the
program is called: npm run doorbuster -- <command>
Exit code: 0 done, 1 failed, 2 asked for wrongly.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const [first = 'serve'] = args;
  if (first === '--help' || first === '-h' || first === 'help') return tell(HELP);
  if (first === '--version' || first === '-v') return tell(VERSION);
  // Options alone are those of the command that needs no name.
  const name = first.startsWith('-') ? 'serve' : first;
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) return complain(`There is no command "${name}".\n\n${HELP}`, 2);
  const command = await entry.load();
  const rest = first === name ? args.slice(1) : args;
  if (rest.some((each) => each === '--help' || each === '-h')) return tell(command.help);
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof UsageError) return complain(`${error.message}\n\n${command.help}`, 2);
    const expected = [CommandError, ConfigError, EmbeddedPostgresError].some((kind) => error instanceof kind);
    if (expected && error instanceof Error) return complain(error.message, 1);
    throw error;
  }
}

function tell(text: string): number {
  say(text);
  return 0;
}

function complain(text: string, exitCode: 1 | 2): number {
  process.stderr.write(`\n${text.trimEnd()}\n\n`);
  return exitCode;
}
