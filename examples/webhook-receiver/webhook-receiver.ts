// Receives webhooks. Without a secret it makes an endpoint for itself first, and then sells something to hear of.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Client, createClient, type Order } from 'doorbuster-client';
import { createReceiver } from './receiver.ts';

const {
  DOORBUSTER_URL: baseUrl = 'http://127.0.0.1:3000',
  OPERATOR_EMAIL: email = 'operator@example.com',
  OPERATOR_PASSWORD: password = 'doorbuster-development',
  PORT = '8081',
  WEBHOOK_SECRET,
  RECEIVER_FILE = 'webhook-receiver.sqlite',
} = process.env;

const server = createServer().listen(Number(PORT), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : PORT}/`;

if (WEBHOOK_SECRET === undefined) await demonstrate();
else receive(WEBHOOK_SECRET);

/** Takes what comes, from now on. */
function receive(secret: string, onOrder = (_order: Order) => {}): void {
  const tell = (order: Order) => {
    console.log(`Order ${order.id} is ${order.status.replaceAll('_', ' ')} (version ${order.version}).`);
    onOrder(order);
  };
  server.on('request', createReceiver({ secret, file: RECEIVER_FILE, onOrder: tell }));
  console.log(`Receiving webhooks at ${url}.`);
}

/** Makes an endpoint, sells to somebody who changes their mind, and ends when it has heard of all of it. */
async function demonstrate(): Promise<void> {
  const anybody = createClient({ baseUrl, onRetry: ({ error }) => console.error(`${error.message}; trying again`) });
  const { accessToken } = await anybody.accounts.logIn({ email, password });
  const operator = createClient({ baseUrl, token: accessToken });
  const merchant = await operator.merchants.create({ name: 'Book shop' });
  const endpoint = await operator.webhookEndpoints.create(merchant.id, { url, description: 'Example' });

  const cancelled = new Promise<void>((resolve) => {
    receive(endpoint.secret ?? '', ({ status }) => status === 'cancelled' && resolve());
  });
  await sellAndCancel(operator, merchant.id);
  const timeout = setTimeout(() => {
    console.error('The engine has sent nothing for a minute: is WEBHOOK_ALLOW_PRIVATE=true set for it?');
    process.exit(1);
  }, 60_000);
  await cancelled;
  clearTimeout(timeout);

  console.log(`To receive more: WEBHOOK_SECRET=${endpoint.secret}`);
  server.close();
}

async function sellAndCancel(operator: Client, merchantId: string): Promise<void> {
  const { secret: token } = await operator.apiKeys.create(merchantId, { name: 'Example' });
  const shop = createClient({ baseUrl, token: token ?? '' });
  const sale = await shop.sales.create({
    merchantId,
    name: 'Books',
    currency: 'EUR',
    opensAt: new Date().toISOString(),
    closesAt: new Date(Date.now() + 3_600_000).toISOString(),
    fulfillment: 'direct',
    items: [{ name: 'First edition', priceMinor: 12_000, capacity: 1 }],
  });
  const lines = [{ itemId: sale.items[0]?.id ?? '', quantity: 1 }];
  const order = await shop.orders.place({ saleId: sale.id, lines, onBehalfOf: 'reader-1' });
  const paid = await shop.orders.pay(order, { paymentMethod: 'card_ok' });
  await shop.orders.cancel(paid, { reason: 'Found it in the attic' });
}
