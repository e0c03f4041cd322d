import { newCustomer } from './client.ts';

/** One event of a stream, its data read as JSON. */
export interface ReceivedEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts on what it expects, whatever came
  readonly data: any;
}

/** A stream of server-sent events that a test reads. */
export interface TestEventStream {
  readonly status: number;
  readonly headers: Headers;
  /** The next event; undefined when the stream has ended. */
  next(): Promise<ReceivedEvent | undefined>;
  /** The next so many events. Throws when the stream ends before. */
  take(count: number): Promise<ReceivedEvent[]>;
  /** Resolves when the server has ended the stream; the events that came before. */
  ended(): Promise<ReceivedEvent[]>;
  /** The body of an answer that is no stream. */
  text(): Promise<string>;
  close(): void;
}

/** How long a test waits for what must come. */
const PATIENCE_MS = 20_000;

/** Opens a stream on a connection of its own. */
export async function openEventStream(
  url: string,
  options: { token?: string; lastEventId?: string } = {},
): Promise<TestEventStream> {
  const abort = new AbortController();
  const impatience = AbortSignal.timeout(PATIENCE_MS);
  const headers = new Headers({ connection: 'close', accept: 'text/event-stream' });
  headers.set('authorization', `Bearer ${options.token ?? newCustomer().token}`);
  if (options.lastEventId !== undefined) headers.set('last-event-id', options.lastEventId);
  const response = await fetch(url, { headers, signal: AbortSignal.any([abort.signal, impatience]) });
  const events = response.status === 200 && response.body !== null ? parse(response.body) : undefined;

  async function next(): Promise<ReceivedEvent | undefined> {
    if (events === undefined) throw new Error(`This is no stream: ${response.status}`);
    const { value, done } = await events.next();
    return done ? undefined : value;
  }

  return {
    status: response.status,
    headers: response.headers,
    next,
    async take(count) {
      const taken: ReceivedEvent[] = [];
      while (taken.length < count) {
        const event = await next();
        if (event === undefined) throw new Error(`The stream ended after ${taken.length} events.`);
        taken.push(event);
      }
      return taken;
    },
    async ended() {
      const rest: ReceivedEvent[] = [];
      for (let event = await next(); event !== undefined; event = await next()) rest.push(event);
      return rest;
    },
    text: () => response.text(),
    close: () => abort.abort(),
  };
}

/** Reads a stream as the WHATWG's HTML standard says, as far as the engine uses it. Comments are dropped. */
async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<ReceivedEvent, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line): [string, string] => fieldOf(line)));
      const data = fields.get('data');
      if (data !== undefined) yield { id: fields.get('id'), event: fields.get('event'), data: JSON.parse(data) };
    }
  }
  return undefined;
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}
