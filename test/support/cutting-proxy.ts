import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Where a connection is cut around COMMIT: before the server sees it, or after it committed but before its answer. */
export type Cut = 'before-commit' | 'after-commit';

/** A TCP proxy before PostgreSQL that cuts a connection at its next COMMIT. */
export interface CuttingProxy {
  /** The given address, through this proxy. */
  url(of: string): string;
  /** Arms the proxy: the next COMMIT that passes is cut, once. */
  cutNext(cut: Cut): void;
  /** How many were cut. */
  cuts(): number;
  close(): Promise<void>;
}

export async function createCuttingProxy(target: { port: number }): Promise<CuttingProxy> {
  let armed: Cut | undefined;
  let cuts = 0;
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    const upstream = connect(target.port, '127.0.0.1');
    let cutAtAnswer = false;
    const cutBoth = () => {
      cuts += 1;
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (armed !== undefined && chunk.includes('COMMIT\0')) {
        const cut = armed;
        armed = undefined;
        if (cut === 'before-commit') return cutBoth();
        cutAtAnswer = true;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      // The server's CommandComplete: the commit is done, and nobody will hear of it.
      if (cutAtAnswer) {
        if (chunk.includes('COMMIT\0')) cutBoth();
        return;
      }
      client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  const { port } = address;

  return {
    url: (of) => of.replace(/:\d+\//, `:${port}/`),
    cutNext(cut) {
      armed = cut;
    },
    cuts: () => cuts,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
