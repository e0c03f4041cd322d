import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One connection through a proxy. */
export interface ProxiedConnection {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Ends both sides at once. */
  cut(): void;
}

/** What happens to the bytes on their way. Nothing that is not passed on by hand arrives. */
export interface Traffic {
  request(chunk: Buffer, connection: ProxiedConnection): void;
  reply(chunk: Buffer, connection: ProxiedConnection): void;
}

export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: ReadonlySet<ProxiedConnection>;
  close(): Promise<void>;
}

/** Listens on a free loopback port and hands what comes to `traffic`, made for each connection. */
export async function createTcpProxy(target: { port: number }, traffic: () => Traffic): Promise<TcpProxy> {
  const connections = new Set<ProxiedConnection>();
  const server = createServer((client) => {
    const { request, reply } = traffic();
    const upstream = connect(target.port, '127.0.0.1');
    const connection: ProxiedConnection = {
      client,
      upstream,
      cut() {
        client.destroy();
        upstream.destroy();
      },
    };
    connections.add(connection);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        connections.delete(connection);
        connection.cut();
      });
    }
    client.on('data', (chunk) => request(chunk, connection));
    upstream.on('data', (chunk) => reply(chunk, connection));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');

  return {
    port: address.port,
    connections,
    async close() {
      server.close();
      for (const connection of connections) connection.cut();
      await once(server, 'close');
    },
  };
}

/** Writes to whoever asked, in the order of the calls, each so much later as it says. */
export function createDelayedWriter(): (chunk: Buffer, connection: ProxiedConnection, delayMs: number) => void {
  let inOrder = Promise.resolve();
  return (chunk, { client }, delayMs) => {
    const due = delayMs === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, delayMs));
    inOrder = inOrder.then(async () => {
      await due;
      client.write(chunk);
    });
  };
}

/** A proxy before Redis, which passes everything on until it is told otherwise. */
export interface FaultyProxy {
  readonly port: number;
  /** From now on replies arrive so much later, in their order. */
  delayReplies(ms: number): void;
  /** From now on requests reach the server and replies reach nobody. Resolves with the next request that gets there. */
  cutReplies(): Promise<Buffer>;
  /** Ends all connections; new ones are accepted. */
  cutConnections(): void;
  /**
   * Lets everything pass again. Connections from which replies are missing are ended: TCP loses the end of a stream,
   * never a piece out of its middle.
   */
  pass(): void;
  close(): Promise<void>;
}

export async function createFaultyProxy(target: { port: number }): Promise<FaultyProxy> {
  let delayMs = 0;
  let cutting = false;
  let onCutRequest: (chunk: Buffer) => void = () => undefined;
  const incomplete = new Set<ProxiedConnection>();

  const proxy = await createTcpProxy(target, () => {
    const answer = createDelayedWriter();
    return {
      request(chunk, { upstream }) {
        upstream.write(chunk);
        if (cutting) onCutRequest(chunk);
      },
      reply(chunk, connection) {
        if (cutting) incomplete.add(connection);
        if (incomplete.has(connection)) return;
        answer(chunk, connection, delayMs);
      },
    };
  });

  function cutIncomplete(): void {
    for (const connection of incomplete) connection.cut();
    incomplete.clear();
  }

  return {
    port: proxy.port,
    delayReplies(ms) {
      delayMs = ms;
    },
    cutReplies() {
      cutting = true;
      return new Promise((resolve) => {
        onCutRequest = resolve;
      });
    },
    cutConnections() {
      for (const connection of proxy.connections) connection.cut();
    },
    pass() {
      delayMs = 0;
      cutting = false;
      cutIncomplete();
    },
    close: proxy.close,
  };
}
