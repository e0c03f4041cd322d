import { parseRedisAddress } from '../gate/redis-address.ts';
import { STANDARD_RETRY_SECONDS } from '../webhooks/retry-delay.ts';
import {
  addressRanges,
  algorithms,
  flag,
  headers,
  integer,
  OUTSIDE_ALGORITHMS,
  oneOf,
  origins,
  rate,
  roleMap,
  schedule,
  share,
  signingSecret,
  target,
  text,
  tokenKeys,
  url,
} from './setting-values.ts';

/** One setting: what it means, its default, and how its text becomes a value. `parse` throws a sentence for people. */
export interface Setting<Value> {
  readonly describe: string;
  /** As it would be written in the environment; null: there is none, and the value is undefined. */
  readonly default: string | null;
  readonly parse: (text: string) => Value;
  readonly secret?: boolean;
}

/** Good for trying things out on one's own machine, and refused anywhere else. */
export const DEVELOPMENT_SECRETS = {
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
    describe: 'Orders, and steps and reads besides, that may wait for a batch; past it 503 with Retry-After.',
    default: '10000',
    parse: integer(1, 1_000_000),
  },
  PLACING_DEADLINE_MS: {
    describe: 'How long an order, a step or a read waits for its batch before 503.',
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
