import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

// OTLP over HTTP with JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp), as far as traces need it.

/** A span as it came over the wire. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty or absent: it has no parent. */
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 2: error. */
  readonly status: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Of the process that made it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A collector of traces. */
export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Of each call, in their order. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** The first span for which this is so, as soon as it has come. */
  span(wanted: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan>;
  /** From now on calls are answered with this status; null: never. */
  answer(status: number | null): void;
  close(): Promise<void>;
}

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
type Attributes = readonly { key: string; value: Value }[];

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'attributes' | 'links' | 'status' | 'resource'> & {
        readonly attributes?: Attributes;
        readonly links?: ReceivedSpan['links'];
        readonly status?: { readonly code?: number };
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
      })[];
    }[];
  }[];
}

const WAIT_MS = 15_000;
const LOOK_MS = 20;

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const headers: IncomingHttpHeaders[] = [];
  let status: number | null = 200;

  const server = createServer(async (request, response) => {
    headers.push(request.headers);
    const body = (await json(request)) as ExportRequest;
    if (status === null) return;
    if (request.url !== '/v1/traces') {
      response.writeHead(404).end();
      return;
    }
    if (status === 200) spans.push(...spansOf(body));
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    headers,
    async span(wanted) {
      const giveUpAt = performance.now() + WAIT_MS;
      for (;;) {
        const found = spans.find(wanted);
        if (found !== undefined) return found;
        if (performance.now() > giveUpAt) {
          throw new Error(`The span has not come, but ${spans.map(({ name }) => name).join(', ') || 'none'}.`);
        }
        await pause(LOOK_MS);
      }
    },
    answer(next) {
      status = next;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function spansOf({ resourceSpans }: ExportRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        attributes: valuesOf(span.attributes),
        links: span.links ?? [],
        status: span.status?.code ?? 0,
        startMs: Number(span.startTimeUnixNano) / 1e6,
        endMs: Number(span.endTimeUnixNano) / 1e6,
        resource: valuesOf(resource.attributes),
      })),
    ),
  );
}

function valuesOf(attributes: Attributes = []): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue),
    ]),
  );
}
