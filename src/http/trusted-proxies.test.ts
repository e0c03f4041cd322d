import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { createClientAddressOf } from './trusted-proxies.ts';

const TRUSTED = ['10.0.0.0/8', '192.0.2.1', 'fd00::/8'];

/** What only `trusted` makes of a request from `peer` with this `X-Forwarded-For`. */
function clientOf(peer: string | undefined, forwarded?: string, trusted: readonly string[] = TRUSTED): string {
  const headers = { forwarded: 'for=203.0.113.66', 'x-real-ip': '203.0.113.66', 'x-forwarded-for': forwarded };
  return createClientAddressOf(trusted)({ socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage);
}

const CASES: readonly [what: string, peer: string, forwarded: string | undefined, client: string][] = [
  ['a proxy that says nothing stands for itself', '10.0.0.1', undefined, '10.0.0.1'],
  ['a proxy names its client', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['the chain is read from the right', '10.0.0.1', '198.51.100.5, 203.0.113.9', '203.0.113.9'],
  ['trusted proxies are skipped', '10.0.0.1', '203.0.113.9, 10.2.3.4,192.0.2.1', '203.0.113.9'],
  ['a chain of trusted proxies alone ends at the farthest', '10.0.0.1', '10.9.9.9, 10.2.3.4', '10.9.9.9'],
  ['what a client invents stands left of what the proxy saw', '10.0.0.1', '10.0.0.9, 203.0.113.9', '203.0.113.9'],
  ['a peer that nobody trusts cannot speak for others', '198.51.100.5', '203.0.113.9', '198.51.100.5'],
  ['a peer next to the trusted one is not trusted', '192.0.2.2', '203.0.113.9', '192.0.2.2'],
  ['what is no address ends the chain', '10.0.0.1', '203.0.113.9, unknown, 10.2.3.4', '10.2.3.4'],
  ['an empty entry ends the chain', '10.0.0.1', '203.0.113.9,', '10.0.0.1'],
  ['an empty header says nothing', '10.0.0.1', '', '10.0.0.1'],
  ['an address with a port', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
  ['an IPv6 address', '10.0.0.1', '2001:db8::7', '2001:db8::7'],
  ['an IPv6 address in brackets', '10.0.0.1', '[2001:db8::7]', '2001:db8::7'],
  ['an IPv6 address with a port', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
  ['an IPv6 proxy', 'fd12::1', '203.0.113.9', '203.0.113.9'],
  ['an IPv4 proxy on a socket for both families', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
];

for (const [what, peer, forwarded, client] of CASES) {
  test(`RL-02 ${what}`, () => assert.equal(clientOf(peer, forwarded), client));
}

test('RL-02 without trusted proxies the connection alone counts', () => {
  assert.equal(clientOf('10.0.0.1', '203.0.113.9', []), '10.0.0.1');
  assert.equal(clientOf(undefined, '203.0.113.9', []), '');
});
