import { openDatabase } from '../ledger/database.ts';
import { renewLedgerId as renew } from '../ledger/ledger-id.ts';
import { type Command, say } from './command.ts';
import { withOwnLedger } from './own-ledger.ts';
import { readArguments } from './read-arguments.ts';

/** Makes a restored ledger count as another one. */
export const renewLedgerId: Command = {
  help: `Usage: doorbuster renew-ledger-id

For a ledger of your own (DATABASE_URL) that was restored to an earlier point, before any engine starts on it: from then
on it counts as another one, and what Redis remembers of orders that the backup does not have is never asked for.
`,

  async run(args) {
    readArguments(args, { options: {}, operands: [] });
    const id = await withOwnLedger('A restored embedded ledger has a new id already.', async (connection) => {
      const database = openDatabase({
        connection,
        poolSize: 1,
        applicationName: 'doorbuster renew-ledger-id',
        onError: () => undefined,
      });
      return renew(database).finally(database.close);
    });
    say(`The ledger is ${id} now. Start the engines.`);
    return 0;
  },
};
