import { isIP } from 'node:net';
import { parseRedisAddress } from './gate/redis-address.ts';
import { STANDARD_RETRY_SECONDS } from './webhooks/retry-delay.ts';

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

const flag = (value: string): boolean => oneOf('true', 'false')(value) === 'true';

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

/** An address exactly as it is given: another one may differ in a slash. */
const target = (value: string): string => {
  url('http:', 'https:')(value);
  const { username, password } = new URL(value);
  if (username !== '' || password !== '') throw new Error('must not have a name or password in it');
  return value;
};

const signingSecret = (value: string): string => {
  const bytes = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1];
  if (bytes === undefined || Buffer.from(bytes, 'base64').length < 24) {
    throw new Error('must be whsec_ and at least 24 bytes in base64');
  }
  return value;
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

/** What a person of an outside issuer may be made here. */
const OUTSIDE_ROLES = ['customer', 'merchant', 'courier', 'operator'] as const;

const roleMap = (value: string) =>
  value.split(',').map((pair) => {
    // A value may have the sign in it, a role has none.
    const sign = pair.lastIndexOf('=');
    const role = OUTSIDE_ROLES.find((candidate) => candidate === pair.slice(sign + 1).trim());
    const claimed = pair.slice(0, Math.max(0, sign)).trim();
    if (claimed === '' || role === undefined) {
      throw new Error(`must be value=role pairs, with commas between; the roles are ${OUTSIDE_ROLES.join(', ')}`);
    }
    return { value: claimed, role };
  });

const OUTSIDE_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

const algorithms = (value: string) => value.split(',').map((each) => oneOf(...OUTSIDE_ALGORITHMS)(each.trim()));

/** Good for trying things out on one's own machine, and refused anywhere else. */
const DEVELOPMENT_SECRETS = {
  TOKEN_KEYS: 'development:not-a-secret-not-a-secret-not-a-secret',
  OPERATOR_PASSWORD: 'doorbuster-development',
} as const;

/** So many requests may pass in so many seconds. */
export interface Rate {
  readonly requests: number;
  readonly seconds: number;
}

/** What production limits where nothing else is said: ten requests a second of a user, and of an address twice that. */
const PRODUCTION_RATES = {
  RATE_LIMIT_PER_IP: { requests: 1_200, seconds: 60 },
  RATE_LIMIT_PER_USER: { requests: 600, seconds: 60 },
} as const satisfies Record<string, Rate>;

const rate = (value: string): Rate | 'off' => {
  if (value === 'off') return 'off';
  const match = /^([1-9]\d{0,8})\/([1-9]\d{0,4})$/.exec(value);
  const [requests, seconds] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || seconds > 86_400) throw new Error('must be requests/seconds, like 600/60, or off');
  return { requests, seconds };
};

/** Addresses and CIDR ranges. Everybody is no range: who means that has mistaken what the setting is for. */
const addressRanges = (value: string): readonly string[] => {
  const ranges = value.split(',').map((each) => each.trim());
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const bitsMax = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
    const wellFormed = bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= bitsMax);
    if (bitsMax === 0 || !wellFormed || range.split('/').length > 2) {
      throw new Error(`has ${range}, which is no address and no range like 10.0.0.0/8`);
    }
  }
  return ranges;
};

const share = (value: string): number => {
  if (!/^(?:0|1|0?\.\d+|[01]\.0*)$/.test(value)) throw new Error('must be a number from 0 to 1');
  return Number(value);
};

/** `name=value` with commas between, values percent-encoded, as OpenTelemetry defines it. */
const headers = (value: string): Readonly<Record<string, string>> => {
  const pairs = value.split(',').map((each): [string, string] => {
    const [, name, encoded] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.+?)\s*$/.exec(each) ?? [];
    if (name === undefined || encoded === undefined) throw new Error('must be name=value with commas between');
    try {
      return [name, decodeURIComponent(encoded)];
    } catch {
      throw new Error(`has a value of ${name} that is not percent-encoded`);
    }
  });
  return Object.fromEntries(pairs);
};

const SCHEDULE_LENGTH_MAX = 20;
const YEAR_SECONDS = 31_536_000;

/** Waits in seconds, in turn. */
const schedule = (value: string): readonly number[] => {
  if (value === 'off') return [];
  const waits = value.split(',').map((each) => integer(1, YEAR_SECONDS)(each.trim()));
  if (waits.length > SCHEDULE_LENGTH_MAX) throw new Error(`has more than ${SCHEDULE_LENGTH_MAX} numbers`);
  return waits;
};

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
    describe:
      'A Redis 7 or Valkey for the gate: `redis://host:port/db`, `redis-sentinel://host:port,host:port/master-name/db` or `redis-cluster://host:port,host:port`; `rediss…` for TLS (the file of an authority of your own goes into NODE_EXTRA_CA_CERTS). Processes share keys, limits and what they know of the stock there. Without it each counts by itself.',
    default: null,
    parse: parseRedisAddress,
    secret: true,
  },
  REDIS_TIMEOUT_MS: {
    describe: 'How long one question to Redis may take; then the ledger is asked instead.',
    default: '300',
    parse: integer(50, 5_000),
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
  OUTSIDE_ISSUER: {
    describe: 'The iss of tokens of an outside identity provider, exactly. Without it only own tokens are good.',
    default: null,
    parse: text,
  },
  OUTSIDE_AUDIENCE: {
    describe: 'The aud that its tokens must have; needed with OUTSIDE_ISSUER.',
    default: null,
    parse: text,
  },
  OUTSIDE_JWKS_URL: {
    describe: 'Where it publishes its keys. Default: OUTSIDE_ISSUER/.well-known/jwks.json.',
    default: null,
    parse: url('https:', 'http:'),
  },
  OUTSIDE_JWKS_COOLDOWN_SECONDS: {
    describe: 'The least time between two fetches of its keys, whatever asks for them.',
    default: '30',
    parse: integer(1, 3_600),
  },
  OUTSIDE_ALGORITHMS: {
    describe: `Algorithms by which it may sign, of ${OUTSIDE_ALGORITHMS.join(', ')}.`,
    default: OUTSIDE_ALGORITHMS.join(','),
    parse: algorithms,
  },
  OUTSIDE_ROLE_CLAIM: {
    describe: 'The claim that says what a person may do, a text or a list: its name, or names with dots between.',
    default: null,
    parse: text,
  },
  OUTSIDE_ROLE_MAP: {
    describe: 'Which value of that claim makes which role, value=role with commas between; the first that fits counts.',
    default: null,
    parse: roleMap,
  },
  OUTSIDE_ROLE_DEFAULT: {
    describe: 'What everybody else is: a customer, or none, who is refused.',
    default: 'customer',
    parse: oneOf('customer', 'none'),
  },
  OUTSIDE_MERCHANT_CLAIM: {
    describe: 'The claim with the ids of the merchants that staff and couriers work for, a text or a list.',
    default: null,
    parse: text,
  },
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
  TRUSTED_PROXIES: {
    describe:
      'Addresses and CIDR ranges of the reverse proxies in front, with commas between. X-Forwarded-For counts from them alone.',
    default: null,
    parse: addressRanges,
  },
  RATE_LIMIT_PER_IP: {
    describe:
      'Requests that one address may send, requests/seconds, or off. Default: 1200/60 with NODE_ENV=production, else off.',
    default: null,
    parse: rate,
  },
  RATE_LIMIT_PER_USER: {
    describe:
      "Requests that one account, or one merchant's back ends, may send. Default: 600/60 with NODE_ENV=production, else off.",
    default: null,
    parse: rate,
  },
  RATE_LIMIT_ALLOW: {
    describe: 'Addresses and CIDR ranges that neither of the two limits, with commas between.',
    default: null,
    parse: addressRanges,
  },
  NOTIFY_URL: {
    describe:
      'Where operators are told of incidents by a POST, for each that opens or is over. May be a private address. Set it for all processes; without it incidents are kept and nobody is told.',
    default: null,
    parse: target,
    secret: true,
  },
  NOTIFY_FORMAT: {
    describe: 'What NOTIFY_URL takes: json, or the messages of Slack, which Mattermost and others take as well.',
    default: 'json',
    parse: oneOf('json', 'slack'),
  },
  NOTIFY_SECRET: {
    describe: 'Signs what is sent to NOTIFY_URL by the Standard Webhooks specification: whsec_ and base64.',
    default: null,
    parse: signingSecret,
    secret: true,
  },
  METRICS_PORT: {
    describe:
      'A port of its own for `/metrics` and `/health/…`, open from the first moment of the start to the last of the stop. `/metrics` is then not on PORT.',
    default: null,
    parse: integer(1, 65_535),
  },
  METRICS_HOST: { describe: 'Address of METRICS_PORT.', default: '127.0.0.1', parse: text },
  METRICS_TOKEN: {
    describe:
      'Who wants `/metrics` must send it (Authorization: Bearer). Without it and METRICS_PORT they are served in development on a loopback address only.',
    default: null,
    parse: (value) => {
      if (!/^[\x21-\x7e]{16,}$/.test(value)) throw new Error('must have at least 16 visible ASCII characters');
      return value;
    },
    secret: true,
  },
  DEAD_LETTER_REDRIVE_SECONDS: {
    describe:
      'When dead letters are tried anew by themselves: so many seconds after each death, as often as there are numbers, with commas between; off for never. Refunds are tried anew on request only.',
    default: '3600,21600,86400',
    parse: schedule,
  },
  WEBHOOK_TIMEOUT_MS: {
    describe: "How long a receiver of a merchant's webhooks may take to answer.",
    default: '15000',
    parse: integer(100, 60_000),
  },
  WEBHOOK_RETRY_SECONDS: {
    describe:
      'When a webhook that was not taken is sent again: so many seconds after each failed try, with commas between; off for never. Past the last it is a dead letter.',
    default: STANDARD_RETRY_SECONDS.join(','),
    parse: schedule,
  },
  WEBHOOK_ALLOW_PRIVATE: {
    describe:
      "true lets webhooks go to private and loopback addresses and over plain http, to try them on one's own machine. Refused with NODE_ENV=production.",
    default: 'false',
    parse: flag,
  },
  LOG_LEVEL: {
    describe: 'The least severe log lines that are written.',
    default: 'info',
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    describe:
      'Where traces go by OTLP over HTTP, without /v1/traces, like http://localhost:4318. Without it there are none.',
    default: null,
    parse: url('http:', 'https:'),
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    describe: 'Headers for the collector, name=value with commas between, values percent-encoded.',
    default: null,
    parse: headers,
    secret: true,
  },
  OTEL_TRACES_SAMPLER_ARG: {
    describe: 'The share of requests that are traced, from 0 to 1.',
    default: '0.01',
    parse: share,
  },
  OTEL_SERVICE_NAME: { describe: 'What the engine is called in traces.', default: 'doorbuster', parse: text },
  TRACE_FROM: {
    describe:
      "Addresses and CIDR ranges, with commas between, whose `traceparent` is followed: their traces go on here, sampled as they say. Everybody else's requests are sampled by OTEL_TRACES_SAMPLER_ARG alone.",
    default: null,
    parse: addressRanges,
  },
  IDEMPOTENCY_RETENTION_SECONDS: {
    describe:
      'How long answers to POSTs are kept for repeats; past it the same key executes anew. An order never forgets its keys.',
    default: '86400',
    parse: integer(1, 2_592_000),
  },
  DELIVERY_RETENTION_DAYS: {
    describe:
      'How long deliveries, dead letters and incidents are kept when they are over, and the log of their tries.',
    default: '30',
    parse: integer(1, 3_650),
  },
  AUDIT_RETENTION_DAYS: {
    describe: 'How long the audit log is kept.',
    default: '365',
    parse: integer(1, 36_500),
  },
  HISTORY_RETENTION_DAYS: {
    describe:
      'After how long only the first and the last entry are left of the history of an order that has ended. A step repeated later is then refused instead of answered again. Without it the history is kept for ever.',
    default: null,
    parse: integer(7, 36_500),
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
    describe: 'How long a stop may take before it is forced, SHUTDOWN_DRAIN_MS included.',
    default: '15000',
    parse: integer(100, 600_000),
  },
  SHUTDOWN_DRAIN_MS: {
    describe:
      'How long a process that is to stop still takes requests, not ready any more, until the reverse proxies have noticed. Default: 4000 with NODE_ENV=production, else 0.',
    default: null,
    parse: integer(0, 300_000),
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
  faults.push(
    ...defaultSecrets(environment, values),
    ...paymentFaults(environment, values),
    ...outsideFaults(environment, values),
    ...notifyFaults(environment, values),
    ...operationFaults(values),
    ...webhookFaults(values),
  );
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

function notifyFaults(
  environment: Readonly<Record<string, string | undefined>>,
  values: Readonly<Record<string, unknown>>,
): string[] {
  if (!environment['NOTIFY_URL']) {
    return ['NOTIFY_FORMAT', 'NOTIFY_SECRET']
      .filter((name) => environment[name])
      .map((name) => `${name} means nothing without NOTIFY_URL`);
  }
  if (values['NOTIFY_FORMAT'] !== 'slack' || values['NOTIFY_SECRET'] === undefined) return [];
  return ['NOTIFY_SECRET means nothing with NOTIFY_FORMAT=slack: its receivers check no signature'];
}

/** A merchant could have the engine call whatever only the engine's own network can reach. */
function webhookFaults(values: Readonly<Record<string, unknown>>): string[] {
  if (values['NODE_ENV'] !== 'production' || values['WEBHOOK_ALLOW_PRIVATE'] !== true) return [];
  return ['WEBHOOK_ALLOW_PRIVATE is for development and tests only'];
}

/** Half of the settings would let nobody in, or nobody out whose role was meant to be another. */
function outsideFaults(
  environment: Readonly<Record<string, string | undefined>>,
  values: Readonly<Record<string, unknown>>,
): string[] {
  const issuer = values['OUTSIDE_ISSUER'];
  if (issuer === undefined) {
    return Object.keys(SETTINGS)
      .filter((name) => name.startsWith('OUTSIDE_') && environment[name])
      .map((name) => `${name} means nothing without OUTSIDE_ISSUER`);
  }
  const faults: string[] = [];
  if (values['OUTSIDE_AUDIENCE'] === undefined) faults.push('OUTSIDE_AUDIENCE must be set with OUTSIDE_ISSUER');
  if (values['OUTSIDE_JWKS_URL'] === undefined && !(/^https?:/.test(String(issuer)) && URL.canParse(String(issuer)))) {
    faults.push('OUTSIDE_JWKS_URL must be set, because OUTSIDE_ISSUER is not an address');
  }
  const [claim, map] = [environment['OUTSIDE_ROLE_CLAIM'], environment['OUTSIDE_ROLE_MAP']];
  if (!claim !== !map) faults.push('OUTSIDE_ROLE_CLAIM and OUTSIDE_ROLE_MAP need each other');
  return faults;
}

function operationFaults(values: Readonly<Record<string, unknown>>): string[] {
  const faults: string[] = [];
  const { PORT, METRICS_PORT, SHUTDOWN_DRAIN_MS, SHUTDOWN_TIMEOUT_MS } = values;
  if (METRICS_PORT !== undefined && METRICS_PORT === PORT) faults.push('METRICS_PORT must be another than PORT');
  if (Number(SHUTDOWN_DRAIN_MS ?? 0) >= Number(SHUTDOWN_TIMEOUT_MS ?? Number.POSITIVE_INFINITY)) {
    faults.push('SHUTDOWN_DRAIN_MS must be less than SHUTDOWN_TIMEOUT_MS');
  }
  return faults;
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

/** The rate that a limit has, or undefined where it is off. A rehearsal on one's own machine is thousands of buyers. */
export function rateOf(config: Config, name: keyof typeof PRODUCTION_RATES): Rate | undefined {
  const given = config[name] ?? (config.NODE_ENV === 'production' ? PRODUCTION_RATES[name] : 'off');
  return given === 'off' ? undefined : given;
}

/** A health check every second that must fail twice, and what is on its way then. */
const PRODUCTION_DRAIN_MS = 4_000;

/** How long a process that is to stop still takes requests. Never so long that nothing is left of its time. */
export function drainMsOf(config: Config): number {
  if (config.SHUTDOWN_DRAIN_MS !== undefined) return config.SHUTDOWN_DRAIN_MS;
  return config.NODE_ENV === 'production' ? Math.min(PRODUCTION_DRAIN_MS, config.SHUTDOWN_TIMEOUT_MS / 2) : 0;
}

/** Whether the public port has the metrics: never beside METRICS_PORT, and without a token for one's own machine only. */
export function servesPublicMetrics(config: Config): boolean {
  if (config.METRICS_PORT !== undefined) return false;
  return config.METRICS_TOKEN !== undefined || (config.NODE_ENV !== 'production' && LOOPBACK.has(config.HOST));
}

function metricsWarnings(config: Config): string[] {
  if (config.METRICS_PORT === undefined && !servesPublicMetrics(config)) {
    return ['/metrics is not served: set METRICS_PORT, or METRICS_TOKEN to have it on PORT.'];
  }
  const open = config.METRICS_PORT !== undefined && config.METRICS_TOKEN === undefined;
  if (!open || LOOPBACK.has(config.METRICS_HOST)) return [];
  return ['METRICS_HOST is no loopback address and there is no METRICS_TOKEN: whoever reaches it reads the metrics.'];
}

/** A shorter one may be any word, and would take it out of every line. */
const LOGGED_SECRET_LENGTH_MIN = 12;

/** The texts of the secret settings that must stand in no log: of an address what makes it secret. */
export function secretsOf(config: Config): readonly string[] {
  const { DATABASE_URL, REDIS_URL, NOTIFY_URL, OTEL_EXPORTER_OTLP_HEADERS = {} } = config;
  const database = DATABASE_URL === undefined ? '' : new URL(DATABASE_URL).password;
  const notified = NOTIFY_URL === undefined ? '' : new URL(NOTIFY_URL);
  const texts = [
    ...config.TOKEN_KEYS.map(({ secret }) => secret),
    config.OPERATOR_PASSWORD,
    database,
    safelyDecoded(database),
    REDIS_URL?.password,
    REDIS_URL?.kind === 'sentinel' ? REDIS_URL.sentinelPassword : undefined,
    config.STRIPE_SECRET_KEY,
    config.STRIPE_WEBHOOK_SECRET,
    notified && notified.pathname + notified.search,
    config.NOTIFY_SECRET,
    config.METRICS_TOKEN,
    // Without the scheme that may stand before it.
    ...Object.values(OTEL_EXPORTER_OTLP_HEADERS).map((value) => value.split(' ').at(-1)),
  ];
  const known = texts.filter((each) => each !== undefined);
  return [...new Set(known.filter(({ length }) => length >= LOGGED_SECRET_LENGTH_MIN))];
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What is legal but worth a line at start. */
export function warningsOf(config: Config): string[] {
  const warnings: string[] = [];
  if (config.NODE_ENV === 'production' && config.PAYMENT_PROVIDER === 'sandbox') {
    warnings.push('PAYMENT_PROVIDER=sandbox: no order is paid with real money.');
  }
  if (config.ROLE !== 'all' && config.DATABASE_URL === undefined) {
    warnings.push(`ROLE=${config.ROLE} on the embedded ledger: no other process can do the rest of the work.`);
  }
  const jwksUrl = config.OUTSIDE_JWKS_URL ?? config.OUTSIDE_ISSUER ?? '';
  if (jwksUrl.startsWith('http:') && !LOOPBACK.has(new URL(jwksUrl).hostname)) {
    warnings.push('The keys of OUTSIDE_ISSUER come over plain http: whoever is on the way can be anybody.');
  }
  const roles = (config.OUTSIDE_ROLE_MAP ?? []).map(({ role }) => role);
  if (roles.some((role) => role === 'merchant' || role === 'courier') && config.OUTSIDE_MERCHANT_CLAIM === undefined) {
    warnings.push('OUTSIDE_ROLE_MAP makes staff or couriers who work for nobody without OUTSIDE_MERCHANT_CLAIM.');
  }
  warnings.push(...rateWarnings(config), ...metricsWarnings(config));
  if (config.NODE_ENV === 'production' && config.PUBLIC_URL === undefined) {
    warnings.push('PUBLIC_URL is not set: links in problem documents point to HOST and PORT.');
  }
  return warnings;
}

function rateWarnings(config: Config): string[] {
  const names = ['RATE_LIMIT_PER_IP', 'RATE_LIMIT_PER_USER'] as const;
  const off = names.filter((name) => rateOf(config, name) === undefined);
  const warnings: string[] = [];
  if (config.NODE_ENV === 'production' && off.length > 0) {
    warnings.push(`${off.join(' and ')} ${off.length > 1 ? 'are' : 'is'} off: one client may take the others' place.`);
  }
  if (off.length < names.length && config.REDIS_URL === undefined && config.DATABASE_URL !== undefined) {
    warnings.push(
      'REDIS_URL is not set: each process counts the rate limits by itself, so two let twice as many requests pass.',
    );
  }
  return warnings;
}
