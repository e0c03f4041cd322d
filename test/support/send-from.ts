import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Answer, RequestOptions } from './client.ts';

/**
 * Sends a request from another loopback address (127.0.0.2 and so on are this machine's as well), on a connection of
 * its own.
 */
export async function sendFrom(
  address: string,
  method: string,
  url: string,
  options: Pick<RequestOptions, 'token' | 'body' | 'key' | 'headers'> = {},
): Promise<Answer> {
  const sent = request(url, {
    method,
    localAddress: address,
    agent: false,
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.key === undefined ? {} : { 'idempotency-key': options.key }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
  });
  sent.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  const [response] = await once(sent, 'response');
  const body = await text(response);
  const headers = new Headers(
    Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return { status: response.statusCode ?? 0, headers, text: body, json: body === '' ? undefined : JSON.parse(body) };
}
