import { randomBytes, randomUUID } from 'node:crypto';
import { startServer } from './server-process.ts';
import { CUSTOMERS, type Site, type Subject, writeOrderLoad } from './subject.ts';

/** The hot item of an engine's row. */
interface HotItem {
  capacity: number;
  limitPerCustomer?: number;
}

/** A sale with one item, and buyers who may order in it. */
interface Scene {
  saleId: string;
  itemId: string;
  tokens: string[];
}

/** Calls the engine's API as somebody. */
type Call = <Answer>(path: string, body: unknown, accessToken?: string) => Promise<Answer>;

const HOUR_MS = 3_600_000;

/**
 * Starts the engine on an empty database and, through its API, opens a test sale of one hot item with its buyers.
 * With `soldOut` one of them buys all of it before the load begins.
 */
export async function openEngine(site: Site, item: HotItem, { soldOut = false } = {}): Promise<Subject> {
  const operator = { email: 'bench@example.com', password: randomBytes(18).toString('base64url') };
  const server = await startServer('src/main.ts', {
    DATABASE_URL: site.databaseUrl,
    DATA_DIR: site.folder,
    NODE_ENV: 'development',
    LOG_LEVEL: 'warn',
    OPERATOR_EMAIL: operator.email,
    OPERATOR_PASSWORD: operator.password,
  });
  try {
    const call = callerOf(server.url);
    const scene = await openSale(call, operator, item);
    const body = { saleId: scene.saleId, lines: [{ itemId: scene.itemId, quantity: 1 }] };
    if (soldOut) {
      await call('orders', { ...body, lines: [{ itemId: scene.itemId, quantity: item.capacity }] }, scene.tokens[0]);
    }
    return { server, load: writeOrderLoad(site, server, scene.tokens, body), ordersBefore: soldOut ? 1 : 0 };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function openSale(call: Call, operator: { email: string; password: string }, item: HotItem): Promise<Scene> {
  const { accessToken } = await call<{ accessToken: string }>('sessions', operator);
  const merchant = await call<{ id: string }>('merchants', { name: 'Benchmark' }, accessToken);
  const sale = await call<{ id: string; items: [{ id: string }] }>(
    'sales',
    {
      merchantId: merchant.id,
      name: 'Benchmark',
      currency: 'EUR',
      opensAt: new Date(Date.now() - HOUR_MS).toISOString(),
      closesAt: new Date(Date.now() + 24 * HOUR_MS).toISOString(),
      fulfillment: 'direct',
      // No hold may run out during the round: expiring is another row's business.
      holdSeconds: (12 * HOUR_MS) / 1000,
      test: true,
      items: [{ name: 'Hot item', priceMinor: 4900, ...item }],
    },
    accessToken,
  );
  const request = { saleId: sale.id, count: CUSTOMERS };
  const { buyers } = await call<{ buyers: { accessToken: string }[] }>('admin/test-buyers', request, accessToken);
  return { saleId: sale.id, itemId: sale.items[0].id, tokens: buyers.map((buyer) => buyer.accessToken) };
}

/** A client for the few calls of the preparation. Anything but a 2xx throws with the engine's own words. */
function callerOf(url: string): Call {
  return async <Answer>(path: string, body: unknown, accessToken?: string) => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
        ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) throw new Error(`POST ${path} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Answer;
  };
}
