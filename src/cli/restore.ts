import { restoreEmbeddedLedger } from '../ledger/embedded-backup.ts';
import { type Command, say } from './command.ts';
import { embeddedLedger } from './embedded-ledger.ts';
import { readArguments } from './read-arguments.ts';

/** Puts a backup in the place of the embedded ledger. */
export const restore: Command = {
  help: `Usage: doorbuster restore <folder>

Puts a backup in the place of the embedded ledger (DATA_DIR), which must be empty. The restored ledger counts as another
one than that of the backup, so that nothing that Redis remembers of later orders counts for it.
`,

  async run(args) {
    const [folder] = readArguments(args, { options: {}, operands: ['folder'] }).operands;
    await restoreEmbeddedLedger(embeddedLedger(), folder);
    say('The ledger is restored. Start the engine as usual.');
    return 0;
  },
};
