import type { TraceParent } from './trace-parent.ts';

/** What a span tells of itself; names by the OpenTelemetry semantic conventions where there is one. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Something that takes time, as a trace shows it. */
export interface Span {
  /** The W3C traceparent for what belongs to it; null where it is not sampled, and nothing is kept of it. */
  readonly traceParent: string | null;
  setAttributes(attributes: SpanAttributes): void;
  /** Ends it, as failed where an error is given: an exception, or the name of its kind. A second call does nothing. */
  end(error?: unknown): void;
}

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer';
  readonly attributes?: SpanAttributes;
}

/** Where a trace that is kept comes from: it goes on from a parent, or is an own one and linked to another, if any. */
export interface TraceOrigin {
  readonly parent?: TraceParent;
  readonly link?: TraceParent;
}

/** Traces by OpenTelemetry. Whether a trace is kept is decided once, when it begins; what is not costs next to nothing. */
export interface Tracing {
  /** False where no exporter is configured: then nothing is ever sampled. */
  readonly on: boolean;
  /**
   * Decides whether a trace is kept that begins now; undefined: it is not. `incoming` is the traceparent that came with
   * the request: where its sender is to be followed the trace goes on and so does its sampling, else an own trace
   * begins, sampled by the ratio and linked to the other.
   */
  sample(incoming: string | undefined, follow: boolean): TraceOrigin | undefined;
  /** Begins a trace that was sampled. */
  startTrace(origin: TraceOrigin, name: string, options?: SpanOptions): Span;
  /**
   * Begins a span in a trace that is sampled: as a child of `parent`, or by itself where there are only `links` (all of
   * them traceparents). Without both there is none.
   */
  startSpan(name: string, options: SpanOptions & { parent?: string | null; links?: readonly string[] }): Span;
  /** Spans that were not delivered: the queue was full, or the collector did not take them. */
  dropped(): number;
  /** Sends what is left, within a bounded time. */
  close(): Promise<void>;
}

/** The span of whatever is not sampled. */
export const NO_SPAN: Span = { traceParent: null, setAttributes: () => undefined, end: () => undefined };

/** No tracing. */
export const TRACING_OFF: Tracing = {
  on: false,
  sample: () => undefined,
  startTrace: () => NO_SPAN,
  startSpan: () => NO_SPAN,
  dropped: () => 0,
  close: async () => undefined,
};
