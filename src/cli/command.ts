/** One command of the command line; each has a file of its own in this folder. */
export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  /**
   * Does it. Resolves to the exit code: 0 done, 1 failed, 2 asked for wrongly.
   * @throws {CommandError | UsageError} for what is told to the user in a sentence
   */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Why a command could not do what it was asked, in a sentence for whoever asked. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The command was asked for in a way that it does not know. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** How the program is called here: a clone runs the TypeScript, the package has JavaScript. */
export const PROGRAM = import.meta.url.endsWith('.ts') ? 'npm run -s doorbuster --' : 'npx doorbuster';

/** Prints a result for people, with one line end after it. */
export function say(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}
