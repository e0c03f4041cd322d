import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostOf, isPublicAddress } from './public-address.ts';

/** A name server that is slower than this is none to depend on. */
const LOOKUP_TIMEOUT_MS = 3_000;

/** Finds the addresses of a name. */
export type ResolveName = (hostname: string) => Promise<readonly { readonly address: string }[]>;

const resolveName: ResolveName = (hostname) => lookup(hostname, { all: true });

/**
 * What is wrong with an address to which the engine is asked to send, as the rest of a sentence that begins with it;
 * undefined if nothing. The addresses behind a name may change later: the sender checks each connection again.
 */
export async function findTargetFault(
  target: string,
  options: { readonly allowPrivate: boolean; readonly resolve?: ResolveName },
): Promise<string | undefined> {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined) return 'must be an absolute URL';
  const protocols = options.allowPrivate ? ['https:', 'http:'] : ['https:'];
  if (!protocols.includes(url.protocol)) return `must begin with ${protocols.map((each) => `${each}//`).join(' or ')}`;
  if (url.username !== '' || url.password !== '') return 'must not have a name or password in it';
  if (url.hash !== '') return 'must not have a fragment';
  return options.allowPrivate ? undefined : findHostFault(hostOf(url), options.resolve ?? resolveName);
}

async function findHostFault(host: string, resolve: ResolveName): Promise<string | undefined> {
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'must have a public address';
  const addresses = await Promise.race([resolve(host).catch(() => []), nothingAfter(LOOKUP_TIMEOUT_MS)]);
  if (addresses.length === 0) return 'has a name that cannot be resolved';
  return addresses.every(({ address }) => isPublicAddress(address)) ? undefined : 'must have a public address';
}

function nothingAfter(delayMs: number): Promise<readonly []> {
  return new Promise((resolve) => {
    setTimeout(() => resolve([]), delayMs).unref();
  });
}
