import { BlockList, isIP } from 'node:net';

/** Whether an IPv4 or IPv6 address is in a set. What is no address is in none. */
export type AddressSet = (address: string) => boolean;

/**
 * The set of all addresses of these ranges: `10.0.0.0/8`, `2001:db8::/32` or single addresses, checked before
 * (src/config.ts). An IPv4 address written as IPv6 (`::ffff:10.1.2.3`) is the same as without.
 */
export function createAddressSet(ranges: readonly string[]): AddressSet {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}
