import { openRedis, type RedisLink } from '../../src/gate/redis.ts';
import { parseRedisAddress } from '../../src/gate/redis-address.ts';

/** Opens the link to a Redis as an engine process would, and closes it when the test ends. */
export async function openLink(scope: { after(hook: () => Promise<void>): void }, url: string): Promise<RedisLink> {
  const link = openRedis({ address: parseRedisAddress(url), timeoutMs: 300 });
  scope.after(() => link.close());
  if (!(await link.available(5_000))) throw new Error(`There is no Redis at ${url}.`);
  return link;
}
