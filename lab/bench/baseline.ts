import { randomBytes, randomUUID } from 'node:crypto';
import { hotItemId } from '../baselines/shop.ts';
import { startServer } from './server-process.ts';
import { CUSTOMERS, type Site, type Subject, writeOrderLoad } from './subject.ts';

/** Starts one of `lab/baselines/` on an empty database and lays out the same requests as the engine gets. */
export async function openBaseline(name: string, site: Site): Promise<Subject> {
  const server = await startServer(`lab/baselines/${name}.ts`, {
    DATABASE_URL: site.databaseUrl,
    NODE_ENV: 'production',
  });
  const tokens = Array.from({ length: CUSTOMERS }, makeToken);
  const body = { saleId: randomUUID(), lines: [{ itemId: hotItemId, quantity: 1 }] };
  const load = writeOrderLoad(site, server, tokens, body);
  return { server, load, ordersBefore: name === 'echo' ? undefined : 0 };
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
