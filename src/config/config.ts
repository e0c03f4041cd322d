import { findFaults } from './find-faults.ts';
import { isLoopback, type Rate } from './setting-values.ts';
import { SETTINGS, type Setting } from './settings.ts';

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
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** Settings by their names, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment. Empty variables count as absent. Throws a ConfigError that names every fault. */
export function readConfig(environment: Environment): Config {
  const { values, faults } = readValues(environment, Object.keys(SETTINGS));
  faults.push(...findFaults(environment, values));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(values) as Config;
}

/** Reads these settings alone, for who needs no other. Throws a ConfigError that names every fault of theirs. */
export function readSettings<const Name extends keyof Settings>(
  environment: Environment,
  names: readonly Name[],
): Pick<Config, Name> {
  const { values, faults } = readValues(environment, names);
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(values) as Pick<Config, Name>;
}

function readValues(
  environment: Environment,
  names: readonly string[],
): { values: Record<string, unknown>; faults: string[] } {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    if (!names.includes(name)) continue;
    const source = environment[name] || setting.default;
    if (source === null) continue;
    try {
      values[name] = setting.parse(source);
    } catch (error) {
      const shown = setting.secret ? '' : ` (it is "${source}")`;
      faults.push(`${name} ${error instanceof Error ? error.message : String(error)}${shown}`);
    }
  }
  return { values, faults };
}

/** What production limits where nothing else is said: ten requests a second of a user, and of an address twice that. */
const PRODUCTION_RATES = {
  RATE_LIMIT_PER_IP: { requests: 1_200, seconds: 60 },
  RATE_LIMIT_PER_USER: { requests: 600, seconds: 60 },
} as const satisfies Record<string, Rate>;

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
  return config.METRICS_TOKEN !== undefined || (config.NODE_ENV !== 'production' && isLoopback(config.HOST));
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
