import process from 'node:process';
import { text } from 'node:stream/consumers';
import { askSecret } from './ask-secret.ts';
import { CALLING_OPTIONS, withEngine } from './calling-engine.ts';
import { type Command, CommandError, PROGRAM, UsageError } from './command.ts';
import { printDocument } from './print.ts';
import { readArguments } from './read-arguments.ts';

/** Logs in. */
export const token: Command = {
  help: `Usage: doorbuster token --email EMAIL [options]

Logs in and prints the access token and nothing else. It is good for as long as the engine's sessions are.

  export DOORBUSTER_TOKEN=$(${PROGRAM} token --email anna@example.com)

  --email EMAIL   whose; else DOORBUSTER_EMAIL
  --url URL       the engine; else DOORBUSTER_URL, else http://127.0.0.1:3000
  --json          print the session as the API tells it, with how long it lasts

The password is DOORBUSTER_PASSWORD, else what is typed, which is not shown, or what standard input has where that is
no terminal.
`,

  async run(args) {
    const { values } = readArguments(args, {
      options: { email: { type: 'string' }, ...CALLING_OPTIONS },
      operands: [],
    });
    const email = values.email || process.env['DOORBUSTER_EMAIL'];
    if (!email) throw new UsageError('--email is missing, and DOORBUSTER_EMAIL is not set.');
    const password = process.env['DOORBUSTER_PASSWORD'] || (await readPassword(email));
    if (password === '') throw new CommandError('No password was given.');
    return withEngine(values, async (engine) => {
      const session = await engine.accounts.logIn({ email, password });
      printDocument(session, values.json, () => session.accessToken);
    });
  },
};

/** A line end after it is the shell's, not the password's. */
async function readPassword(email: string): Promise<string> {
  if (process.stdin.isTTY) return askSecret(`Password of ${email}: `);
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}
