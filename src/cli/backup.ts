import { styleText } from 'node:util';
import { backUpEmbeddedLedger } from '../ledger/embedded-backup.ts';
import { type Command, PROGRAM, say } from './command.ts';
import { embeddedLedger } from './embedded-ledger.ts';
import { readArguments } from './read-arguments.ts';

/** Copies the embedded ledger. */
export const backup: Command = {
  help: `Usage: doorbuster backup <folder>

Copies the embedded ledger (DATA_DIR) to a new folder, which comes to be whole or not at all. An engine may go on selling
meanwhile: every order that was answered before the command began is in the copy. Run it as the user that runs the engine.
`,

  async run(args) {
    const [target] = readArguments(args, { options: {}, operands: ['folder'] }).operands;
    const files = progress('files copied');
    await backUpEmbeddedLedger(embeddedLedger(), target, files.count);
    files.end();
    say(`The backup is in ${target}. Restore it by: ${PROGRAM} restore ${target}`);
    return 0;
  },
};

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
