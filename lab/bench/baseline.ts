import { randomBytes, randomUUID } from 'node:crypto';
import { hotItemId } from '../baselines/shop.ts';
import { findMiscounts, listOrderIds } from './audit.ts';
import { startServer } from './server-process.ts';
import type { Site } from './site.ts';
import { CUSTOMERS, type Subject, writeLoad } from './subject.ts';

/** Starts one of `lab/baselines/` on an empty database and lays out the same requests as the engine gets. */
export async function openBaseline(name: string, site: Site): Promise<Subject> {
  const settings = { DATABASE_URL: site.databaseUrl, NODE_ENV: 'production' };
  const redis = site.redis === undefined ? {} : { REDIS_URL: site.redis.url };
  const server = await startServer(`lab/baselines/${name}.ts`, { ...settings, ...redis }, site.nodeArguments);
  const load = writeLoad(site, [server], {
    script: 'place-orders',
    tokens: Array.from({ length: CUSTOMERS }, makeToken),
    bodies: [{ saleId: randomUUID(), lines: [{ itemId: hotItemId, quantity: 1 }] }],
  });
  return {
    servers: [server],
    load,
    // The echo keeps nothing.
    audit: async (seen) =>
      name === 'echo' ? [] : findMiscounts(seen, { ids: await listOrderIds(site.databaseUrl), before: 0 }),
  };
}

/** Shaped and sized like a token of the engine (HS256), with a signature that the baselines do not check. */
function makeToken(): string {
  const claims = { sub: randomUUID(), iss: 'doorbuster', aud: 'doorbuster', role: 'customer', sale: randomUUID() };
  const parts = [
    { alg: 'HS256', typ: 'JWT', kid: 'development' },
    { ...claims, iat: 1_800_000_000, exp: 1_800_003_600 },
  ];
  const encoded = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return [...encoded, randomBytes(32).toString('base64url')].join('.');
}
