import type { Socket } from 'node:net';
import type { App } from './app.ts';

/** A client that has begun to send when the server closes has this much time for the rest. */
const SLOW_CLIENT_MS = 2_000;

interface OpenConnection {
  /** Its request is complete and not answered yet. */
  taken: boolean;
}

/**
 * Lets connections go when the process is to stop: from then on each ends with its next answer, so that clients and
 * proxies find another process. Once the server closes, those that have not sent a whole request are cut soon, because
 * Node then looks for slow clients no more; whoever has is answered, however long that takes.
 */
export function endConnections(app: App, stopping: () => boolean): void {
  const open = new Map<Socket, OpenConnection>();
  const note = (socket: Socket, taken: boolean) => {
    const connection = open.get(socket);
    if (connection !== undefined) connection.taken = taken;
  };

  app.server.on('connection', (socket: Socket) => {
    open.set(socket, { taken: false });
    socket.once('close', () => open.delete(socket));
  });
  app.addHook('onRequest', (_request, reply, done) => {
    if (stopping()) reply.header('Connection', 'close');
    done();
  });
  app.addHook('preHandler', ({ raw }, _reply, done) => {
    note(raw.socket, true);
    done();
  });
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    note(raw.socket, false);
    if (stopping()) raw.socket.end();
    done();
  });
  app.addHook('preClose', (done) => {
    setTimeout(() => {
      for (const [socket, { taken }] of open) if (!taken) socket.destroy();
    }, SLOW_CLIENT_MS).unref();
    done();
  });
}
