import { type Config, ConfigError, drainMsOf, type Environment, rateOf, readConfig } from './config.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { warningsOf } from './warnings.ts';

/** One setting as it takes effect, for people to look at. */
export interface SettingState {
  readonly name: string;
  /** As it would be written in the environment; null where there is none. Of a secret only that it is there. */
  readonly value: string | null;
  readonly from: 'environment' | 'default';
}

/** What an engine would run with. */
export interface ConfigDescription {
  readonly settings: readonly SettingState[];
  /** Each keeps the engine from starting. */
  readonly faults: readonly string[];
  /** Legal, and worth a thought. Known only where nothing is wrong. */
  readonly warnings: readonly string[];
}

const MASK = '********';

/** Describes the configuration of an environment, right or wrong. No secret stands in it. */
export function describeConfig(environment: Environment): ConfigDescription {
  const { config, faults } = readOrFaults(environment);
  const derived = config === undefined ? {} : derivedDefaults(config);
  const settings = Object.entries<Setting<unknown>>(SETTINGS).map(([name, setting]): SettingState => {
    const given = environment[name] || null;
    const value = given ?? setting.default ?? derived[name] ?? null;
    return { name, value: masked(value, setting), from: given === null ? 'default' : 'environment' };
  });
  return { settings, faults, warnings: config === undefined ? [] : warningsOf(config) };
}

function readOrFaults(environment: Environment): { config?: Config; faults: readonly string[] } {
  try {
    return { config: readConfig(environment), faults: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { faults: error.faults };
    throw error;
  }
}

/** Defaults that follow from other settings. */
function derivedDefaults(config: Config): Readonly<Record<string, string>> {
  const rate = (name: Parameters<typeof rateOf>[1]) => {
    const limit = rateOf(config, name);
    return limit === undefined ? 'off' : `${limit.requests}/${limit.seconds}`;
  };
  return {
    PUBLIC_URL: `http://${config.HOST}:${config.PORT}`,
    RATE_LIMIT_PER_IP: rate('RATE_LIMIT_PER_IP'),
    RATE_LIMIT_PER_USER: rate('RATE_LIMIT_PER_USER'),
    SHUTDOWN_DRAIN_MS: String(drainMsOf(config)),
  };
}

/** An address that is no secret may still have a name and a password in it. */
function masked(value: string | null, { secret }: Setting<unknown>): string | null {
  if (value === null) return null;
  return secret ? MASK : value.replaceAll(/\/\/[^/@]*@/g, `//${MASK}@`);
}
