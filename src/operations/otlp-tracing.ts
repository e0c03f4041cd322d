import { randomUUID } from 'node:crypto';
import {
  type Context,
  type Link,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import {
  ATTR_ERROR_TYPE,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ERROR_TYPE_VALUE_OTHER,
} from '@opentelemetry/semantic-conventions';
import { formatTraceParent, parseTraceParent, type TraceParent } from './trace-parent.ts';
import { NO_SPAN, type Span, type SpanOptions, type TraceOrigin, type Tracing } from './tracing.ts';

/** Ended spans that wait for the collector, at most: some 5 MB. What comes then is dropped and counted. */
const QUEUE_MAX = 4_096;

/** Spans of one call. */
const EXPORTED_AT_ONCE = 512;

/** How long a span waits for others to go with it. */
const EXPORT_DELAY_MS = 1_000;

/** How long one call may take, with its retries. */
const EXPORT_TIMEOUT_MS = 5_000;

/** Between two lines of the log that tell of a collector that takes nothing. */
const WARNING_INTERVAL_MS = 60_000;

/** Links of one span; a batch has more requests than that, but seldom as many that are sampled. */
const LINKS_MAX = 128;

/** `ExportResultCode.SUCCESS` of @opentelemetry/core. */
const EXPORTED = 0;

const OWN_TRACE: TraceOrigin = {};

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
};

/**
 * Tracing by OpenTelemetry's SDK: spans go to a collector by OTLP over HTTP, in batches. Whatever happens to the
 * collector, nobody else notices but the log and the counter of what was dropped.
 *
 * Loading this module loads the SDK: import it only where an exporter is configured.
 */
export function createOtlpTracing(options: {
  /** Without `/v1/traces`. */
  endpoint: string;
  headers: Readonly<Record<string, string>>;
  /** The share of traces that is kept, 0 to 1. */
  ratio: number;
  serviceName: string;
  version: string;
  /** How long sending what is left may take at the end. */
  flushMs: number;
  /** Called at most once a minute. */
  onUndelivered: (error: unknown, dropped: number) => void;
  /** At least 0, less than 1. */
  random?: () => number;
}): Tracing {
  const { ratio, random = Math.random } = options;
  const delivery = createDelivery(options);
  const provider = new TracerProvider({
    // What is not sampled never gets here.
    sampler: new AlwaysOnSampler(),
    resource: defaultResource().merge(
      resourceFromAttributes({
        [ATTR_SERVICE_NAME]: options.serviceName,
        [ATTR_SERVICE_VERSION]: options.version,
        [ATTR_SERVICE_INSTANCE_ID]: randomUUID(),
      }),
    ),
    spanLimits: { linkCountLimit: LINKS_MAX },
    spanProcessors: [delivery.processor],
  });
  const tracer = provider.getTracer('doorbuster', options.version);

  function start(name: string, { kind = 'internal', attributes = {} }: SpanOptions, at: Context, links: Link[]): Span {
    return spanOf(tracer.startSpan(name, { kind: KINDS[kind], attributes, links }, at));
  }

  return {
    on: true,

    sample(incoming, follow) {
      if (incoming === undefined) return random() < ratio ? OWN_TRACE : undefined;
      const remote = parseTraceParent(incoming);
      if (remote !== undefined && follow) return remote.sampled ? { parent: remote } : undefined;
      // Never by the id of the trace: whoever chooses it would choose.
      if (random() >= ratio) return undefined;
      return remote === undefined ? OWN_TRACE : { link: remote };
    },

    startTrace({ parent, link }, name, traceOptions = {}) {
      const at = parent === undefined ? ROOT_CONTEXT : within(parent);
      return start(name, traceOptions, at, link === undefined ? [] : [linkTo(link)]);
    },

    startSpan(name, { parent: parentText, links: linkTexts = [], ...rest }) {
      const parent = parentText ? parseTraceParent(parentText) : undefined;
      const links = linkTexts.flatMap((text) => parseTraceParent(text) ?? []);
      if (parent === undefined && links.length === 0) return NO_SPAN;
      return start(name, rest, parent === undefined ? ROOT_CONTEXT : within(parent), links.map(linkTo));
    },

    dropped: delivery.dropped,

    close: () => delivery.close(() => provider.shutdown()),
  };
}

function contextOf({ traceId, spanId }: TraceParent) {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

function within(parent: TraceParent): Context {
  return trace.setSpanContext(ROOT_CONTEXT, contextOf(parent));
}

function linkTo(other: TraceParent): Link {
  return { context: contextOf(other) };
}

function spanOf(span: OtelSpan): Span {
  const { traceId, spanId } = span.spanContext();
  let ended = false;
  return {
    traceParent: formatTraceParent(traceId, spanId),
    setAttributes: (attributes) => void span.setAttributes(attributes),
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) {
        // The kind alone: a message may carry what is nobody's business.
        span.setAttribute(ATTR_ERROR_TYPE, errorType(error));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}

function errorType(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) return ERROR_TYPE_VALUE_OTHER;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** The SDK's batches to the collector, with a count of what did not arrive. */
function createDelivery(
  options: Pick<Parameters<typeof createOtlpTracing>[0], 'endpoint' | 'headers' | 'flushMs' | 'onUndelivered'>,
) {
  let waiting = 0;
  let underWay = 0;
  let dropped = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;

  function drop(spans: number, error: unknown): void {
    dropped += spans;
    const now = performance.now();
    if (now - warnedAt < WARNING_INTERVAL_MS) return;
    warnedAt = now;
    options.onUndelivered(error, dropped);
  }

  const otlp = new OTLPTraceExporter({
    url: `${options.endpoint}/v1/traces`,
    headers: { ...options.headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const exporter: SpanExporter = {
    export(spans, done) {
      waiting -= spans.length;
      underWay += spans.length;
      otlp.export(spans, (result) => {
        underWay -= spans.length;
        if (result.code !== EXPORTED) drop(spans.length, result.error);
        done(result);
      });
    },
    shutdown: () => otlp.shutdown(),
    forceFlush: () => otlp.forceFlush(),
  };
  const batches = new BatchSpanProcessor({
    exporter,
    // The bound is kept in front of it, where it can be counted.
    maxQueueSize: QUEUE_MAX,
    maxExportBatchSize: EXPORTED_AT_ONCE,
    scheduledDelayMillis: EXPORT_DELAY_MS,
    exportTimeoutMillis: 2 * EXPORT_TIMEOUT_MS,
  });
  const processor: SpanProcessor = {
    onStart: () => undefined,
    onEnd(span) {
      if (waiting >= QUEUE_MAX) return drop(1, new Error('More spans wait for the collector than are kept.'));
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };

  async function close(shutDown: () => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        drop(waiting + underWay, new Error('The collector took too long at the stop.'));
        resolve();
      }, options.flushMs);
    });
    // The first call that fails ends the shutdown; the others are waited for, and each counts what it loses.
    const sent = shutDown().catch(() => otlp.forceFlush());
    await Promise.race([sent, late]);
    clearTimeout(timer);
  }

  return { processor, dropped: () => dropped, close };
}
