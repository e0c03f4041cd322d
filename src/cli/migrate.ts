import { migrate as migrateLedger } from '../ledger/migrate.ts';
import { type Command, say } from './command.ts';
import { withOwnLedger } from './own-ledger.ts';
import { readArguments } from './read-arguments.ts';

/** Brings the schema of a ledger of one's own up to date. */
export const migrate: Command = {
  help: `Usage: doorbuster migrate

Brings the schema of the PostgreSQL of DATABASE_URL up to date and tells what it did. Every start of the engine does the
same; this is for who wants it done before. Engines of the version before go on selling meanwhile. Of several at once one
works and the others wait. There is no way back to an older schema.
`,

  async run(args) {
    readArguments(args, { options: {}, operands: [] });
    const done = await withOwnLedger('The engine migrates its embedded ledger when it starts.', (connection) =>
      migrateLedger(connection, () => undefined),
    );
    for (const name of done) say(`ran ${name}`);
    say(done.length === 0 ? 'The schema was up to date.' : 'The schema is up to date now.');
    return 0;
  },
};
