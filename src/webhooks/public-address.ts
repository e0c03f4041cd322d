import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** IPv6 addresses that are routed on the internet (RFC 4291 § 2.4 as IANA has handed them out). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Translates to the IPv4 address in its last 32 bits (RFC 6052 § 2.1). */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/**
 * Whether an IP address belongs to the public internet: not loopback, private, link-local, shared, reserved or
 * multicast. One that carries an IPv4 address inside (mapped, or NAT64) is judged by that. No zone ids.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast';
  if (parsed.match(NAT64)) {
    return new ipaddr.IPv4(parsed.toByteArray().slice(12)).range() === 'unicast';
  }
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_UNICAST);
}

/** The address or name of a URL without brackets. WHATWG's parser has written every form of IPv4 as four decimals. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** A connection was not made, or not used, because it would have gone to an address that is not public. */
export class PrivateAddressError extends Error {
  constructor(host: string) {
    super(`${host} is not a public address.`);
    this.name = 'PrivateAddressError';
  }
}

/**
 * A look-up that fails where any of a name's addresses is not public. Connections are opened with what it gives, so
 * nothing can change between the check and the use.
 */
export function publicLookup(resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) {
        return callback(error ?? new Error(`${hostname} has no address.`), '');
      }
      if (!addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new PrivateAddressError(hostname), '');
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
