import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { createAddressSet } from './address-set.ts';

/** The address that a request comes from, for limits; empty when its connection is gone already. */
export type ClientAddressOf = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/**
 * Tells the client's address behind the given proxies (addresses and CIDR ranges). Each proxy writes whom it got the
 * request from at the right end of `X-Forwarded-For`; whatever stands left of the first address that is no trusted
 * proxy may be made up. So the header is read from the right and for as long as trusted proxies vouch for it, and not
 * at all when the connection itself comes from somewhere else. `Forwarded` (RFC 7239) is never read: proxies that
 * write the one header pass the other on as the client sent it.
 */
export function createClientAddressOf(trustedProxies: readonly string[]): ClientAddressOf {
  if (trustedProxies.length === 0) return peerOf;
  const isTrusted = createAddressSet(trustedProxies);
  return (request) => {
    const peer = peerOf(request);
    const forwarded = request.headers['x-forwarded-for'];
    if (typeof forwarded !== 'string' || !isTrusted(peer)) return peer;
    return firstUntrusted(forwarded, peer, isTrusted);
  };
}

function peerOf({ socket }: Pick<IncomingMessage, 'socket'>): string {
  return socket.remoteAddress ?? '';
}

/** From the right, without splitting: a header that a client filled up costs no more than the entries that are read. */
function firstUntrusted(forwarded: string, peer: string, isTrusted: (address: string) => boolean): string {
  let address = peer;
  let end = forwarded.length;
  while (end > 0) {
    const comma = forwarded.lastIndexOf(',', end - 1);
    const entry = addressOf(forwarded.slice(comma + 1, end).trim());
    if (entry === undefined) return address;
    address = entry;
    if (!isTrusted(entry)) return address;
    end = comma;
  }
  return address;
}

/** `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7` or `[2001:db8::7]:4711`. */
function addressOf(entry: string): string | undefined {
  if (isIP(entry) !== 0) return entry;
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1];
  return bare !== undefined && isIP(bare) !== 0 ? bare : undefined;
}
