import { isLoopback } from './setting-values.ts';
import { DEVELOPMENT_SECRETS, SETTINGS } from './settings.ts';

/** What is wrong between settings that are each well-formed. `values` lacks those that have none, or a fault of their own. */
export function findFaults(
  environment: Readonly<Record<string, string | undefined>>,
  values: Readonly<Record<string, unknown>>,
): string[] {
  return [
    ...defaultSecrets(environment, values),
    ...paymentFaults(environment, values),
    ...outsideFaults(environment, values),
    ...notifyFaults(environment, values),
    ...operationFaults(values),
    ...webhookFaults(values),
  ];
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
  if (values['NODE_ENV'] !== 'production' && isLoopback(String(values['HOST']))) return [];
  return Object.entries(DEVELOPMENT_SECRETS)
    .filter(([name, secret]) => (environment[name] || secret) === secret)
    .map(([name]) => `${name} must be set: the default is for development on a loopback address only`);
}
