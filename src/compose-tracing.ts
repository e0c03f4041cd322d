import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { TRACING_OFF, type Tracing } from './operations/tracing.ts';

/** What sending the last spans may take of the time for a stop. */
const FLUSH_SHARE = 1 / 5;
const FLUSH_MAX_MS = 2_000;

/** Tracing where a collector is configured. The SDK is loaded only then. */
export async function composeTracing(config: Config, version: string, log: Logger): Promise<Tracing> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return TRACING_OFF;
  const { createOtlpTracing } = await import('./operations/otlp-tracing.ts');
  return createOtlpTracing({
    endpoint,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    serviceName: config.OTEL_SERVICE_NAME,
    version,
    flushMs: Math.min(FLUSH_MAX_MS, config.SHUTDOWN_TIMEOUT_MS * FLUSH_SHARE),
    onUndelivered: (error, dropped) =>
      log.warn({ err: error, dropped }, 'traces are not taken by the collector, and dropped'),
  });
}
