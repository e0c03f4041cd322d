import { type Span, type SpanAttributes, TRACING_OFF, type Tracing } from '../operations/tracing.ts';
import { type BatchQueue, createBatchQueue } from './batch-queue.ts';

/** What somebody wants, perhaps within a trace. */
interface Traceable {
  /** A W3C traceparent where it is sampled. */
  readonly traceParent?: string | null;
}

/**
 * A batch queue whose work is seen in traces: how long each sampled request waited for its batch, and the batch, in
 * the trace of the first sampled request in it and linked to all of them.
 */
export function createTracedBatchQueue<Request extends Traceable, Outcome>(
  options: Parameters<typeof createBatchQueue<Request, Outcome>>[0] & {
    readonly tracing: Tracing | undefined;
    /** Of the batch's span. */
    readonly name: string;
    readonly attributes: SpanAttributes;
  },
): BatchQueue<Request, Outcome> {
  const { tracing = TRACING_OFF, name, attributes, ...rest } = options;
  if (!tracing.on) return createBatchQueue(rest);
  /** Of the sampled requests that no batch has taken yet. */
  const waits = new Map<Request, Span>();

  function startBatch(requests: readonly Request[]): Span | undefined {
    if (waits.size === 0) return undefined;
    const links = requests.flatMap((request) => {
      const wait = waits.get(request);
      waits.delete(request);
      wait?.end();
      return wait === undefined ? [] : (request.traceParent ?? []);
    });
    const [parent] = links;
    if (parent === undefined) return undefined;
    // The convention has no batches of one.
    const size = requests.length > 1 ? { 'db.operation.batch.size': requests.length } : {};
    return tracing.startSpan(name, { kind: 'client', parent, links, attributes: { ...attributes, ...size } });
  }

  async function run(requests: readonly Request[]): Promise<readonly Outcome[]> {
    const span = startBatch(requests);
    if (span === undefined) return rest.run(requests);
    try {
      const outcomes = await rest.run(requests);
      span.end(failureIn(outcomes));
      return outcomes;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  const queue = createBatchQueue<Request, Outcome>({ ...rest, run });

  async function submit(request: Request): ReturnType<typeof queue.submit> {
    const parent = request.traceParent ?? null;
    if (parent === null) return queue.submit(request);
    const wait = tracing.startSpan('wait for batch', { parent });
    waits.set(request, wait);
    try {
      return await queue.submit(request);
    } finally {
      // Of a request that no batch took.
      waits.delete(request);
      wait.end();
    }
  }

  return { ...queue, submit };
}

function failureIn(outcomes: readonly unknown[]): unknown {
  const failed = outcomes.find((outcome) => typeof outcome === 'object' && outcome !== null && 'error' in outcome);
  return (failed as { readonly error: unknown } | undefined)?.error;
}
