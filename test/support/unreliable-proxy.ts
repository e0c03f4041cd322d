import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as sendOn } from 'node:http';

/**
 * What becomes of a request: it passes; its answer gets lost once the engine has given it; a 502 stands in place of that
 * answer; or it never reaches the engine, by a 503 or by a connection that breaks.
 */
export type Fate = 'pass' | 'lose-answer' | 'blur-answer' | 'refuse' | 'cut';

/** Stands between a client and an engine, and treats each request as it is told. */
export interface UnreliableProxy {
  /** Without a slash at the end. */
  readonly url: string;
  /** From now on requests go to this engine. */
  passTo(url: string): void;
  /** How often each fate was met. */
  readonly met: ReadonlyMap<Fate, number>;
  close(): Promise<void>;
}

export async function createUnreliableProxy(engine: string, fateOf: () => Fate): Promise<UnreliableProxy> {
  const met = new Map<Fate, number>();
  let target = engine;

  const server = createServer((incoming, outgoing) => {
    const fate = fateOf();
    met.set(fate, (met.get(fate) ?? 0) + 1);
    if (fate === 'cut') incoming.socket.destroy();
    else if (fate === 'refuse') outgoing.writeHead(503, { 'retry-after': '0', connection: 'close' }).end();
    else passOn(target, incoming, outgoing, fate);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');

  return {
    url: `http://127.0.0.1:${address.port}`,
    passTo(url) {
      target = url;
    },
    met,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function passOn(engine: string, incoming: IncomingMessage, outgoing: ServerResponse, fate: Fate): void {
  const { method, url, headers } = incoming;
  const upstream = sendOn(engine + url, { method, headers, agent: false });
  const breakOff = () => void incoming.socket.destroy();
  upstream.on('error', breakOff);
  upstream.on('response', (answer) => {
    answer.on('error', breakOff);
    // Cut off by the engine: the client must see that its answer has no end.
    answer.on('close', () => answer.complete || breakOff());
    if (fate === 'pass') {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      return;
    }
    answer.resume();
    answer.on('end', () => (fate === 'blur-answer' ? outgoing.writeHead(502).end('Bad gateway') : breakOff()));
  });
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}
