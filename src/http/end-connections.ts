import type { Socket } from 'node:net';
import type { App } from './app.ts';

/** A client that has begun to send when the server closes has this much time for the rest. */
const SLOW_CLIENT_MS = 2_000;

/**
 * Lets connections go when the process is to stop: from then on each ends with its next answer, so that clients and
 * proxies find another process. Once the server closes, those that have not sent a whole request are cut soon, because
 * Node then looks for slow clients no more; whoever has is answered, however long that takes.
 */
export function endConnections(app: App, stopping: () => boolean): void {
  const open = new Set<Socket>();
  /** Connections whose request is complete and not answered yet. */
  const taken = new Set<Socket>();

  app.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      taken.delete(socket);
    });
  });
  app.addHook('onRequest', (_request, reply, done) => {
    if (stopping()) reply.header('Connection', 'close');
    done();
  });
  app.addHook('preHandler', ({ raw }, _reply, done) => {
    taken.add(raw.socket);
    done();
  });
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    taken.delete(raw.socket);
    if (stopping()) raw.socket.end();
    done();
  });
  app.addHook('preClose', (done) => {
    setTimeout(() => {
      for (const socket of open) if (!taken.has(socket)) socket.destroy();
    }, SLOW_CLIENT_MS).unref();
    done();
  });
}
