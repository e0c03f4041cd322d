import process from 'node:process';
import { type Client, createClient, DoorbusterError, type RetryNotice } from '../../client/src/index.ts';
import { CommandError, UsageError } from './command.ts';
import { printable } from './table.ts';
import { tellFailure } from './tell-failure.ts';

/** What every command takes that calls an engine. */
export const CALLING_OPTIONS = { url: { type: 'string' }, json: { type: 'boolean' } } as const;

/** Of commands whose repeat must have no second effect. */
export const KEY_OPTION = { key: { type: 'string' } } as const;

/** The lines of the help on `KEY_OPTION`. */
export const KEY_HELP = `  --key KEY       your own name for this intent: with the same key it is done once, however often it is asked for`;

/** What stands at the end of the help of every command that calls an engine. */
export const CALLING_HELP = `  --url URL       the engine; else DOORBUSTER_URL, else http://127.0.0.1:3000
  --json          print the API's own documents, for programs

Who asks: DOORBUSTER_TOKEN (an access token, see "doorbuster token", or an API key), or else DOORBUSTER_EMAIL and
DOORBUSTER_PASSWORD. Times are shown in your time zone (TZ).
`;

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_URL = 'http://127.0.0.1:3000';
/** A person waits: some three seconds for an engine that is away, more only when the engine itself asks for it. */
const ATTEMPTS = 5;
/** Longer than any wait but one that the engine asks for (Retry-After). */
const TOLD_DELAY_MS = 2_000;

/**
 * Lets `work` be done at the engine that the options or the environment name, by whoever they name.
 * @throws CommandError for whatever the engine refuses, and where none answers
 */
export async function withEngine(
  { url: option }: { readonly url?: string | undefined },
  work: (engine: Client) => Promise<void>,
): Promise<0> {
  const url = engineUrl(option, process.env);
  // Whoever reads the output may have enough of it, as `head` has.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  try {
    await work(createClient({ ...settingsOf(url), ...credentialsOf(url, process.env) }));
    return 0;
  } catch (error) {
    if (!(error instanceof DoorbusterError)) throw error;
    throw new CommandError(tellFailure(error, url), { cause: error });
  }
}

/** Where the engine is, without a password that an address may have in it: it is told when something goes wrong. */
function engineUrl(option: string | undefined, env: Environment): string {
  const text = option ?? (env['DOORBUSTER_URL'] || DEFAULT_URL);
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return (url.origin + url.pathname).replace(/\/+$/, '');
  const fault = 'must be an http or https address, like http://127.0.0.1:3000.';
  throw option === undefined ? new CommandError(`DOORBUSTER_URL ${fault}`) : new UsageError(`--url ${fault}`);
}

function settingsOf(baseUrl: string) {
  return { baseUrl, retry: { attempts: ATTEMPTS }, onRetry: tellRetry };
}

function tellRetry({ delayMs, error }: RetryNotice): void {
  if (delayMs < TOLD_DELAY_MS) return;
  process.stderr.write(`${printable(error.message)}: again in ${Math.ceil(delayMs / 1_000)} s …\n`);
}

/** Whom the environment names, as far as a call asks for it: a token goes before a password, nobody is nobody. */
function credentialsOf(baseUrl: string, env: Environment) {
  const { DOORBUSTER_TOKEN: token, DOORBUSTER_EMAIL: email, DOORBUSTER_PASSWORD: password } = env;
  if (token) return { getToken: async () => checked(token) };
  if (!email) return {};
  const door = createClient(settingsOf(baseUrl));
  return {
    async getToken() {
      if (!password) throw new CommandError('DOORBUSTER_EMAIL is set, DOORBUSTER_PASSWORD is not.');
      return (await door.accounts.logIn({ email, password })).accessToken;
    },
  };
}

/** Anything else could not be sent as a header. */
function checked(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CommandError('DOORBUSTER_TOKEN is no token: it has blanks or other strange characters in it.');
}
