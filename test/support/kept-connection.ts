import { once } from 'node:events';
import { connect } from 'node:net';

/** A connection for one request after the other, at a fraction of what `fetch` costs: for tests with a million of them. */
export interface KeptConnection {
  post(
    path: string,
    headers: Readonly<Record<string, string>>,
    json: string,
  ): Promise<{ status: number; text: string }>;
  close(): void;
}

/** Understands what the engine sends: HTTP/1.1 with a Content-Length. */
export async function openKeptConnection(url: string): Promise<KeptConnection> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  socket.setEncoding('latin1');
  let received = '';
  let waiter: { resolve(answer: { status: number; text: string }): void; reject(error: Error): void } | undefined;

  const fail = () => waiter?.reject(new Error(`The connection to ${host} was closed.`));
  socket.on('error', fail);
  socket.on('close', fail);
  socket.on('data', (chunk: string) => {
    received += chunk;
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = /^content-length: (\d+)/im.exec(received.slice(0, headEnd))?.[1];
    if (length === undefined) return void socket.destroy();
    const end = headEnd + 4 + Number(length);
    if (received.length < end) return;
    const answer = { status: Number(received.slice(9, 12)), text: received.slice(headEnd + 4, end) };
    received = received.slice(end);
    waiter?.resolve(answer);
  });

  return {
    post(path, headers, json) {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      return new Promise((resolve, reject) => {
        waiter = { resolve, reject };
        socket.write(
          `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
            `content-length: ${Buffer.byteLength(json)}\r\n${lines.join('')}\r\n${json}`,
        );
      });
    },
    close() {
      socket.destroy();
    },
  };
}
