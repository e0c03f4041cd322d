import { Cluster, type Redis } from 'ioredis';

/**
 * Ends a client's connections, and all that keeps the process alive for it. ioredis's own `disconnect` of a Cluster
 * leaves that out when a look for the slots is under way: the look's end begins the next round of them, for ever.
 */
export function disconnect(client: Redis | Cluster): void {
  client.disconnect();
  if (client instanceof Cluster) client.refreshSlotsCache(() => client.disconnect());
}
