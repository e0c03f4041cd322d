import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisAddress, RedisNode } from './redis-address.ts';

/** How long a server may take to answer a knock. */
const KNOCK_TIMEOUT_MS = 1_000;

/**
 * Why there is no talking to the first server of an address, in words for whoever wrote the address: one side speaks
 * TLS and the other does not, or the certificate is not accepted. Undefined where it is something else.
 */
export async function findConnectionFault(address: RedisAddress): Promise<string | undefined> {
  const node = firstNodeOf(address);
  if (node === undefined) return undefined;
  const where = `${node.host}:${node.port}`;
  const plain = await speaksPlain(node);
  if (plain) return address.tls ? `${where} speaks no TLS; write redis for rediss in REDIS_URL` : undefined;
  const handshake = await shakeHands(node);
  if (handshake === undefined) return undefined;
  if (!address.tls) return `${where} speaks TLS alone; write rediss for redis in REDIS_URL`;
  if (handshake.certificateFault === undefined) return undefined;
  return (
    `the certificate of ${where} is not accepted (${handshake.certificateFault}); ` +
    'where an authority of your own has signed it, its file belongs into NODE_EXTRA_CA_CERTS'
  );
}

function firstNodeOf(address: RedisAddress): RedisNode | undefined {
  switch (address.kind) {
    case 'standalone':
      return address.node;
    case 'sentinel':
      return address.sentinels[0];
    case 'cluster':
      return address.nodes[0];
  }
}

/** Every reply of Redis to this, "log in first" as well, begins with a sign of its protocol. */
function speaksPlain({ host, port }: RedisNode): Promise<boolean> {
  const socket = connectPlain({ host, port });
  socket.once('connect', () => socket.write('PING\r\n'));
  return outcomeOf(socket, false, (settle) => {
    socket.once('data', (chunk) => settle(/^[+-]/.test(chunk.toString('latin1'))));
  });
}

interface Handshake {
  /** The code of what is wrong with the certificate. */
  readonly certificateFault: string | undefined;
}

/** Undefined where there is no TLS. Nothing is sent through it, so that any certificate may be looked at. */
function shakeHands({ host, port }: RedisNode): Promise<Handshake | undefined> {
  const socket = connectTls({ host, port, rejectUnauthorized: false });
  return outcomeOf<Handshake | undefined>(socket, undefined, (settle) => {
    socket.once('secureConnect', () => {
      const { authorized, authorizationError } = socket;
      settle({ certificateFault: authorized ? undefined : String(authorizationError) });
    });
  });
}

/** What `listen` settles on, or `otherwise` when the connection ends or nothing comes in time. */
function outcomeOf<Outcome>(
  socket: Socket,
  otherwise: Outcome,
  listen: (settle: (outcome: Outcome) => void) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    function settle(outcome: Outcome): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    }
    const timer = setTimeout(settle, KNOCK_TIMEOUT_MS, otherwise);
    socket.on('error', () => settle(otherwise));
    socket.on('close', () => settle(otherwise));
    listen(settle);
  });
}
