/** One setting: what it means, its default, and how its text becomes a value. `parse` throws a sentence for people. */
interface Setting<Value> {
  readonly describe: string;
  /** As it would be written in the environment; null: there is none, and the value is undefined. */
  readonly default: string | null;
  readonly parse: (text: string) => Value;
  readonly secret?: boolean;
}

const text = (value: string): string => value;

const oneOf =
  <const Choice extends string>(...choices: readonly Choice[]) =>
  (value: string): Choice => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}`);
    return choice;
  };

const integer =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`);
    }
    return number;
  };

const url =
  (...protocols: readonly string[]) =>
  (value: string): string => {
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      throw new Error(`must be an address that starts with ${protocols.map((each) => `${each}//`).join(' or ')}`);
    }
    return value.replace(/\/$/, '');
  };

const origins = (value: string): readonly string[] => {
  const list = value.split(',').map((each) => each.trim());
  for (const each of list) {
    if (!URL.canParse(each) || new URL(each).origin !== each) throw new Error(`has ${each}, which is not an origin`);
  }
  return list;
};

/** A key that signs tokens, and the id by which a token names it. */
export interface TokenKey {
  readonly id: string;
  readonly secret: string;
}

const SECRET_LENGTH_MIN = 32;

const tokenKeys = (value: string): readonly TokenKey[] => {
  const keys = value.split(',').map((each) => {
    const match = /^([\w-]{1,64}):(.+)$/.exec(each.trim());
    if (match?.[1] === undefined || match[2] === undefined)
      throw new Error('must be id:secret pairs, with commas between');
    if (match[2].length < SECRET_LENGTH_MIN)
      throw new Error(`needs secrets of at least ${SECRET_LENGTH_MIN} characters`);
    return { id: match[1], secret: match[2] };
  });
  if (new Set(keys.map((key) => key.id)).size < keys.length) throw new Error('names one key id twice');
  return keys;
};

/** Good for trying things out on one's own machine, and refused anywhere else. */
const DEVELOPMENT_SECRETS = {
  TOKEN_KEYS: 'development:not-a-secret-not-a-secret-not-a-secret',
  OPERATOR_PASSWORD: 'doorbuster-development',
} as const;

/** Every setting, by the name of its environment variable. */
export const SETTINGS = {
  NODE_ENV: {
    describe:
      'development makes two demo sales on the first start and accepts the default secrets on a loopback address.',
    default: 'development',
    parse: oneOf('development', 'production', 'test'),
  },
  HOST: { describe: 'Address to listen on.', default: '127.0.0.1', parse: text },
  PORT: { describe: 'Port to listen on; 0 takes a free one.', default: '3000', parse: integer(0, 65_535) },
  PUBLIC_URL: {
    describe: 'Where clients reach the engine; problem documents link there. Default: http://HOST:PORT.',
    default: null,
    parse: url('http:', 'https:'),
  },
  ROLE: {
    describe: 'What this process does: api takes requests, worker does the durable background work, all does both.',
    default: 'all',
    parse: oneOf('all', 'api', 'worker'),
  },
  DATABASE_URL: {
    describe: 'A PostgreSQL 15 or newer. Without it the engine runs PostgreSQL itself, in DATA_DIR.',
    default: null,
    parse: url('postgres:', 'postgresql:'),
    secret: true,
  },
  DATABASE_POOL_SIZE: {
    describe: 'Connections to PostgreSQL besides the four of the ledger writer.',
    default: '10',
    parse: integer(2, 500),
  },
  DATA_DIR: { describe: 'Where the embedded PostgreSQL keeps its data.', default: './data', parse: text },
  EMBEDDED_POSTGRES: {
    describe: "Which PostgreSQL binaries the embedded ledger runs: the bundled ones, the system's, or whichever fit.",
    default: 'auto',
    parse: oneOf('auto', 'bundled', 'system'),
  },
  REDIS_URL: {
    describe: 'A Redis 7 or Valkey for the gate. This version has no gate yet and says so at start.',
    default: null,
    parse: url('redis:', 'rediss:'),
    secret: true,
  },
  TOKEN_KEYS: {
    describe:
      'Keys of access tokens, id:secret with commas between. The first signs, all verify: rotate by adding in front.',
    default: DEVELOPMENT_SECRETS.TOKEN_KEYS,
    parse: tokenKeys,
    secret: true,
  },
  TOKEN_ISSUER: { describe: 'The iss of access tokens.', default: 'doorbuster', parse: text },
  TOKEN_AUDIENCE: { describe: 'The aud of access tokens.', default: 'doorbuster', parse: text },
  TOKEN_TTL_SECONDS: { describe: 'How long an access token is good.', default: '3600', parse: integer(60, 86_400) },
  OPERATOR_EMAIL: { describe: 'The first operator, made at start.', default: 'operator@example.com', parse: text },
  OPERATOR_PASSWORD: {
    describe: 'Its password, at least 10 characters. A later change here does not change the account.',
    default: DEVELOPMENT_SECRETS.OPERATOR_PASSWORD,
    parse: (value) => {
      if (value.length < 10) throw new Error('must have at least 10 characters');
      return value;
    },
    secret: true,
  },
  PAYMENT_PROVIDER: {
    describe:
      'Who moves the money: stripe, or the sandbox with its test cards. In production it must be named. Test sales always use the sandbox.',
    default: 'sandbox',
    parse: oneOf('sandbox', 'stripe'),
  },
  PAYMENT_TIMEOUT_MS: {
    describe: 'How long a payment provider may take to answer before the outcome counts as unknown and is asked for.',
    default: '10000',
    parse: integer(100, 60_000),
  },
  STRIPE_SECRET_KEY: { describe: "Stripe's secret or restricted API key.", default: null, parse: text, secret: true },
  STRIPE_WEBHOOK_SECRET: {
    describe: "The signing secret of the webhook endpoint in Stripe's dashboard.",
    default: null,
    parse: text,
    secret: true,
  },
  STRIPE_API_BASE: {
    describe: "Another address for Stripe's API, for tests and proxies.",
    default: null,
    parse: url('http:', 'https:'),
  },
  RECONCILE_INTERVAL_SECONDS: {
    describe: "Between two comparisons of the payment provider's books with the ledger's.",
    default: '600',
    parse: integer(1, 86_400),
  },
  CORS_ORIGINS: {
    describe: 'Origins whose pages may call the API from a browser, with commas between.',
    default: null,
    parse: origins,
  },
  LOG_LEVEL: {
    describe: 'The least severe log lines that are written.',
    default: 'info',
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
  },
  IDEMPOTENCY_RETENTION_SECONDS: {
    describe:
      'How long answers to POSTs are kept for repeats; past it the same key executes anew. An order never forgets its keys.',
    default: '86400',
    parse: integer(1, 2_592_000),
  },
  PLACING_QUEUE_MAX: {
    describe: 'Orders that may wait for a batch; past it 503 with Retry-After.',
    default: '10000',
    parse: integer(1, 1_000_000),
  },
  PLACING_DEADLINE_MS: {
    describe: 'How long an order waits for its batch before 503.',
    default: '5000',
    parse: integer(100, 60_000),
  },
  SHUTDOWN_TIMEOUT_MS: {
    describe: 'How long a stop may take before it is forced.',
    default: '15000',
    parse: integer(100, 600_000),
  },
} as const satisfies Record<string, Setting<unknown>>;

type Settings = typeof SETTINGS;

type ValueOf<Each> = Each extends { default: string; parse: (text: string) => infer Value }
  ? Value
  : Each extends { parse: (text: string) => infer Value }
    ? Value | undefined
    : never;

/** The whole configuration, checked and frozen. */
export type Config = { readonly [Name in keyof Settings]: ValueOf<Settings[Name]> };

/** Everything that is wrong with the configuration, in one message. */
export class ConfigError extends Error {
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Reads the environment. Empty variables count as absent. Throws a ConfigError that names every fault. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const given = environment[name];
    const source = given === undefined || given === '' ? setting.default : given;
    if (source === null) continue;
    try {
      values[name] = setting.parse(source);
    } catch (error) {
      const shown = setting.secret ? '' : ` (it is "${source}")`;
      faults.push(`${name} ${error instanceof Error ? error.message : String(error)}${shown}`);
    }
  }
  faults.push(...defaultSecrets(environment, values), ...paymentFaults(environment, values));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(values) as Config;
}

/** Nobody sells for play money by an oversight, and Stripe cannot be called without its keys. */
function paymentFaults(
  environment: Readonly<Record<string, string | undefined>>,
  values: Readonly<Record<string, unknown>>,
): string[] {
  if (values['PAYMENT_PROVIDER'] === 'stripe') {
    return ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET']
      .filter((name) => values[name] === undefined)
      .map((name) => `${name} must be set for PAYMENT_PROVIDER=stripe`);
  }
  if (values['NODE_ENV'] !== 'production' || environment['PAYMENT_PROVIDER']) return [];
  return ['PAYMENT_PROVIDER must be named in production: stripe, or sandbox if no real money is meant'];
}

/** Default secrets are for one's own machine: development, on loopback. */
function defaultSecrets(
  environment: Readonly<Record<string, string | undefined>>,
  values: Readonly<Record<string, unknown>>,
): string[] {
  if (values['NODE_ENV'] !== 'production' && LOOPBACK.has(String(values['HOST']))) return [];
  return Object.entries(DEVELOPMENT_SECRETS)
    .filter(([name, secret]) => (environment[name] || secret) === secret)
    .map(([name]) => `${name} must be set: the default is for development on a loopback address only`);
}

/** What is legal but worth a line at start. */
export function warningsOf(config: Config): string[] {
  const warnings: string[] = [];
  if (config.REDIS_URL !== undefined) {
    warnings.push('REDIS_URL is set, but this version has no Redis gate: all requests go straight to the ledger.');
  }
  if (config.NODE_ENV === 'production' && config.PAYMENT_PROVIDER === 'sandbox') {
    warnings.push('PAYMENT_PROVIDER=sandbox: no order is paid with real money.');
  }
  if (config.ROLE !== 'all' && config.DATABASE_URL === undefined) {
    warnings.push(`ROLE=${config.ROLE} on the embedded ledger: no other process can do the rest of the work.`);
  }
  if (config.NODE_ENV === 'production' && config.PUBLIC_URL === undefined) {
    warnings.push('PUBLIC_URL is not set: links in problem documents point to HOST and PORT.');
  }
  return warnings;
}
