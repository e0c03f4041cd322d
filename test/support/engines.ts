import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { startEngine, type TestEngine } from './engine.ts';

/** An engine of two processes on one database and, unless told otherwise, one Redis. */
export interface TestEngines {
  /**
   * The address of both, which is their public one as well, without a slash at the end. Each connection goes to the next
   * process, and `send` opens one for each request.
   */
  readonly url: string;
  /** Where each process listens itself, for a test that needs a certain one. */
  readonly urls: readonly [string, string];
  readonly pids: readonly [number, number];
  /** Everything that both wrote to standard output and standard error so far, line by line. */
  output(): string[];
  /** Asks both to stop (SIGTERM) and waits. */
  stop(): Promise<void>;
}

/** Starts two processes with the same settings (see startEngine) at once, and waits until both listen. */
export async function startEngines(settings: Readonly<Record<string, string>>): Promise<TestEngines> {
  const balancer = await createBalancer();
  const shared = { PUBLIC_URL: balancer.url, ...settings };
  const engines: TestEngine[] = [];
  async function stop(): Promise<void> {
    await Promise.all(engines.map((engine) => engine.stop()));
    await balancer.close();
  }
  const starts = [1, 2].map(async () => {
    engines.push(await startEngine(shared));
  });
  const failed = (await Promise.allSettled(starts)).find((start) => start.status === 'rejected');
  const [first, second] = engines;
  if (first === undefined || second === undefined) {
    await stop();
    throw failed?.reason;
  }
  balancer.passTo([first.url, second.url]);
  return {
    url: balancer.url,
    urls: [first.url, second.url],
    pids: [first.pid, second.pid],
    output: () => [...first.output, ...second.output],
    stop,
  };
}

interface Balancer {
  readonly url: string;
  /** From now on connections go to these, in turn. Before it, they are refused. */
  passTo(urls: readonly [string, string]): void;
  close(): Promise<void>;
}

/** Bytes go through as they are, and so does the end of either direction. */
async function createBalancer(): Promise<Balancer> {
  const open = new Set<Socket>();
  let targets: readonly URL[] = [];
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = targets[connections % 2];
    connections += 1;
    if (target === undefined) return void client.destroy();
    const upstream = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    // Whatever breaks one side breaks the other, which is all that has to be done about it.
    pipeline(client, upstream, () => undefined);
    pipeline(upstream, client, () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The balancer has no port.');

  return {
    url: `http://127.0.0.1:${address.port}`,
    passTo(urls) {
      targets = urls.map((url) => new URL(url));
    },
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
