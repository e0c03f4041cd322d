import process from 'node:process';
import { type Command, CommandError, say, UsageError } from './cli/command.ts';
import { CALLING_COMMANDS, COMMANDS, commandsOf, drawCommands, ENGINE_COMMANDS } from './cli/commands.ts';
import { ConfigError } from './config/config.ts';
import { EmbeddedPostgresError } from './ledger/embedded-postgres/embedded-postgres-error.ts';
import { VERSION } from './version.ts';

const HELP = `Usage: doorbuster [command] [options]

The engine and its ledger:
${drawCommands(ENGINE_COMMANDS)}

With a running engine (DOORBUSTER_URL), as whoever DOORBUSTER_TOKEN belongs to:
${drawCommands(CALLING_COMMANDS)}

  doorbuster <command> --help   what it takes
  doorbuster --version          the version

Settings of the engine are environment variables: docs/configuration.md, and check-config. In a clone of the repository
the program is called: npm run -s doorbuster -- <command>
Exit code: 0 done, 1 failed, 2 asked for wrongly.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const [first = 'serve', second] = args;
  if (first === '--help' || first === '-h' || first === 'help') return tell(HELP);
  if (first === '--version' || first === '-v') return tell(VERSION);
  const family = drawFamily(first);
  if (family !== undefined && isHelp(second)) return tell(family);
  const { name, rest } = readName(args, family === undefined ? 1 : 2);
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) return complain(`There is no command "${name}".\n\n${family ?? HELP}`, 2);
  const command = await entry.load();
  if (rest.some(isHelp)) return tell(command.help);
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof UsageError)
      return complain(`${error.message}\n\n${usageOf(command)}\n\n--help tells what it takes.`, 2);
    const expected = [CommandError, ConfigError, EmbeddedPostgresError].some((kind) => error instanceof kind);
    if (expected && error instanceof Error) return complain(error.message, 1);
    throw error;
  }
}

/** The help of a word that several commands begin with, like `sale`; undefined for any other. */
function drawFamily(noun: string): string | undefined {
  const commands = commandsOf(noun);
  if (Object.keys(commands).length === 0) return undefined;
  return `Usage: doorbuster ${noun} <what> [options]\n\n${drawCommands(commands)}`;
}

/** The words that name the command. Options alone are those of the command that needs no name. */
function readName(args: readonly string[], words: 1 | 2): { name: string; rest: readonly string[] } {
  const [first = 'serve'] = args;
  if (first.startsWith('-')) return { name: 'serve', rest: args };
  return { name: [first, ...args.slice(1, words)].join(' '), rest: args.slice(words) };
}

/** How it is called, without the explanations, which would push the fault off the screen. */
function usageOf({ help }: Command): string {
  return help.split('\n\n', 1).join();
}

function isHelp(arg: string | undefined): boolean {
  return arg === '--help' || arg === '-h';
}

function tell(text: string): number {
  say(text);
  return 0;
}

function complain(text: string, exitCode: 1 | 2): number {
  process.stderr.write(`\n${text.trimEnd()}\n\n`);
  return exitCode;
}
