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

/** Traces by OpenTelemetry. Whether a trace is kept is decided once, when it begins; what is not costs next to nothing. */
export interface Tracing {
  /** False where no exporter is configured: then nothing is ever sampled. */
  readonly on: boolean;
  /**
   * Begins a trace, if it is sampled. `incoming` is the traceparent that came with the request: where its sender is to
   * be followed the trace goes on and so does its sampling, else an own trace begins, sampled by the ratio and linked
   * to the other.
   */
  startTrace(name: string, options: SpanOptions & { incoming?: string | undefined; follow: boolean }): Span;
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
  startTrace: () => NO_SPAN,
  startSpan: () => NO_SPAN,
  dropped: () => 0,
  close: async () => undefined,
};
