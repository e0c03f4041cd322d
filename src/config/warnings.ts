import { type Config, rateOf, servesPublicMetrics } from './config.ts';
import { isLoopback } from './setting-values.ts';

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
  if (jwksUrl.startsWith('http:') && !isLoopback(new URL(jwksUrl).hostname)) {
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

function metricsWarnings(config: Config): string[] {
  if (config.METRICS_PORT === undefined && !servesPublicMetrics(config)) {
    return ['/metrics is not served: set METRICS_PORT, or METRICS_TOKEN to have it on PORT.'];
  }
  const open = config.METRICS_PORT !== undefined && config.METRICS_TOKEN === undefined;
  if (!open || isLoopback(config.METRICS_HOST)) return [];
  return ['METRICS_HOST is no loopback address and there is no METRICS_TOKEN: whoever reaches it reads the metrics.'];
}
