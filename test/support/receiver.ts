import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** A request as it came. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** When it was there whole, by performance.now(). */
  readonly atMs: number;
}

/** Answers a request in any way, or never. */
export type Answering = (request: ReceivedRequest, response: ServerResponse) => unknown;

/** Gets what others send, over real HTTP. */
export interface Receiver {
  /** Without a slash at the end. */
  readonly url: string;
  /** What came, the oldest first. */
  readonly received: readonly ReceivedRequest[];
  /** The most requests that waited for an answer at the same time. */
  readonly atOnceMax: () => number;
  /** Says how requests are answered from now on. Until then it is 204. */
  answer(answering: Answering): void;
  /** Resolves with what fits when there is as much of it. */
  until(count: number, fits?: (request: ReceivedRequest) => boolean): Promise<ReceivedRequest[]>;
  close(): Promise<void>;
}

const PATIENCE_MS = 30_000;

export async function createReceiver(): Promise<Receiver> {
  const received: ReceivedRequest[] = [];
  const waiting = new Set<() => void>();
  let answering: Answering = withStatus(204);
  let [atOnce, atOnceMax] = [0, 0];
  const server = createServer(async (incoming, response) => {
    atOnce += 1;
    atOnceMax = Math.max(atOnceMax, atOnce);
    response.once('close', () => {
      atOnce -= 1;
    });
    try {
      const request = await read(incoming);
      received.push(request);
      for (const look of waiting) look();
      await answering(request, response);
    } catch {
      response.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The receiver has no port.');

  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    atOnceMax: () => atOnceMax,
    answer(next) {
      answering = next;
    },
    until(count, fits = () => true) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => end(() => reject(new Error(`${received.filter(fits).length} of ${count} requests came.`))),
          PATIENCE_MS,
        );
        const look = () => {
          const found = received.filter(fits);
          if (found.length >= count) end(() => resolve(found));
        };
        function end(how: () => void): void {
          clearTimeout(timer);
          waiting.delete(look);
          how();
        }
        waiting.add(look);
        look();
      });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const body = await text(incoming);
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  return { path: incoming.url ?? '', headers, body, atMs: performance.now() };
}

export function withStatus(status: number, headers: Readonly<Record<string, string>> = {}): Answering {
  return (_request, response) => {
    response.writeHead(status, headers).end();
  };
}

/** Takes these one after the other, and the last again and again. */
export function inTurn(...answers: readonly Answering[]): Answering {
  let count = 0;
  return (request, response) => {
    const next = answers[Math.min(count, answers.length - 1)];
    count += 1;
    return next?.(request, response);
  };
}

/** Never answers. */
export const hang: Answering = () => undefined;

/** Says 200, and then so many bytes as fast as they are taken. */
export function flood(bytes: number): Answering {
  return async (_request, response) => {
    const chunk = Buffer.alloc(64 * 1_024, 'x');
    response.writeHead(200);
    await pipeline(Readable.from(Array.from({ length: Math.ceil(bytes / chunk.length) }, () => chunk)), response);
  };
}

/** Sends one byte of its headers, or after them of its body, every so many milliseconds, for ever. */
export function drip(part: 'headers' | 'body', everyMs: number): Answering {
  return (_request, response) => {
    const { socket } = response;
    if (part === 'headers') socket?.write('HTTP/1.1 200 OK\r\nX-Slow: ');
    else response.writeHead(200).write('x');
    const timer = setInterval(() => (part === 'headers' ? socket?.write('x') : response.write('x')), everyMs);
    response.once('close', () => clearInterval(timer));
  };
}
