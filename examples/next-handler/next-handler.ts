// Serves the shop's page and its route handler by Node alone, where Next.js would.

import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { createClient } from 'doorbuster-client';

const { PORT = '8080' } = process.env;

// Without a key of your own: what the engine's operator would do once, and put into the shop's settings.
if (process.env['DOORBUSTER_API_KEY'] === undefined) Object.assign(process.env, await makeShop());
// It reads the settings when it is loaded.
const { POST } = await import('./app/api/orders/route.ts');

const server = createServer(async (incoming, outgoing) => {
  try {
    const response = await answer(await toRequest(incoming));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  } catch (error) {
    console.error(error);
    outgoing.writeHead(500).end();
  }
});
server.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  console.log(`The shop is open at http://127.0.0.1:${port}, until Ctrl-C.`);
});

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method === 'POST' && pathname === '/api/orders') return POST(request);
  if (request.method !== 'GET' || pathname !== '/') return new Response('Not found', { status: 404 });
  const html = await readFile(new URL('shop.html', import.meta.url), 'utf8');
  const headers = new Headers({ 'content-type': 'text/html; charset=utf-8' });
  // Everybody who comes is a customer of their own; a shop would have them sign in.
  if (!request.headers.has('cookie')) {
    headers.set('set-cookie', `customer=${crypto.randomUUID()}; HttpOnly; SameSite=Lax; Path=/`);
  }
  return new Response(html, { headers });
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const { method = 'GET', url = '/', headers } = incoming;
  const body = ['GET', 'HEAD'].includes(method) ? null : await buffer(incoming);
  const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  return new Request(new URL(url, 'http://shop.example'), { method, headers: pairs, body });
}

async function makeShop() {
  const {
    DOORBUSTER_URL: baseUrl = 'http://127.0.0.1:3000',
    OPERATOR_EMAIL: email = 'operator@example.com',
    OPERATOR_PASSWORD: password = 'doorbuster-development',
  } = process.env;
  const anybody = createClient({ baseUrl, onRetry: ({ error }) => console.error(`${error.message}; trying again`) });
  const { accessToken } = await anybody.accounts.logIn({ email, password });
  const operator = createClient({ baseUrl, token: accessToken });
  const merchant = await operator.merchants.create({ name: 'Web shop' });
  const { secret } = await operator.apiKeys.create(merchant.id, { name: 'Route handler' });
  const sale = await operator.sales.create({
    merchantId: merchant.id,
    name: 'Prints',
    currency: 'EUR',
    opensAt: new Date().toISOString(),
    closesAt: new Date(Date.now() + 24 * 3_600_000).toISOString(),
    fulfillment: 'direct',
    items: [{ name: 'Print', priceMinor: 1_500, capacity: 3, limitPerCustomer: 2 }],
  });
  console.log(`Made the shop ${merchant.id} with an API key, and the sale ${sale.id} with three prints.`);
  return { DOORBUSTER_API_KEY: secret ?? '', SALE_ID: sale.id, ITEM_ID: sale.items[0]?.id ?? '' };
}
