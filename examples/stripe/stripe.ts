// A checkout with Stripe's test cards, before an engine that takes its money by Stripe.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createClient, isProblem, type Order } from 'doorbuster-client';

const {
  DOORBUSTER_URL: baseUrl = 'http://127.0.0.1:3000',
  OPERATOR_EMAIL: email = 'operator@example.com',
  OPERATOR_PASSWORD: password = 'doorbuster-development',
  PORT = '8082',
} = process.env;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const { shop, saleId, itemId } = await makeShop();
const checkout = await readFile(new URL('checkout.html', import.meta.url), 'utf8');

const server = createServer(async (request, response) => {
  const show = (status: number, html: string) =>
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  try {
    const { pathname } = new URL(request.url ?? '/', 'http://shop.example');
    const [, page, orderId = ''] = pathname.split('/');
    if (request.method === 'POST' && page === 'pay') {
      const fields = new URLSearchParams(await text(request));
      const { html, goTo } = await pay(fields.get('intent') ?? '', fields.get('card') ?? '', request.headers.host);
      if (goTo === undefined) show(200, html);
      else response.writeHead(303, { location: goTo }).end();
    } else if (page === 'orders') {
      // Where the bank's page leads back to. What it says there proves nothing: the engine asks Stripe.
      show(200, described(await shop.orders.get(orderId, { include: 'payments' })));
    } else if (page === '') {
      show(200, form(randomUUID()));
    } else {
      show(404, 'Not found');
    }
  } catch (error) {
    console.error(error);
    show(500, 'Something is wrong with our shop.');
  }
});
server.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : PORT;
  console.log(`The checkout is at http://127.0.0.1:${port}, until Ctrl-C.`);
});

/** The same intent is the same order; the same card for it is the same attempt to pay. Another card is a new attempt. */
async function pay(intent: string, card: string, host = ''): Promise<{ html: string; goTo?: string }> {
  if (!UUID.test(intent)) return { html: form(randomUUID()) };
  try {
    const lines = [{ itemId, quantity: 1 }];
    const placed = await shop.orders.place({ saleId, lines, onBehalfOf: 'anna' }, { idempotencyKey: intent });
    const order = await shop.orders.get(placed.id);
    // Without an address to come back to, Stripe has no page for an authentication.
    const payment = { paymentMethod: card, returnUrl: `http://${host}/orders/${order.id}` };
    await shop.orders.pay(order, payment, { idempotencyKey: `${intent}.${card}` });
    const paid = await shop.orders.get(order.id, { include: 'payments' });
    const goTo = paid.payments?.at(-1)?.nextAction?.url;
    console.log(
      `${card}: the order ${order.id} is ${paid.status}${goTo === undefined ? '' : ', to be authenticated'}.`,
    );
    return { html: described(paid), ...(goTo === undefined ? {} : { goTo }) };
  } catch (error) {
    if (isProblem(error, 'payment-declined')) {
      const { declineCode, payBy } = error.extras;
      console.log(`${card}: declined, ${declineCode}.`);
      return { html: `<p>Declined: ${declineCode}. The print is yours to pay until ${payBy}.</p>${form(intent)}` };
    }
    if (isProblem(error)) return { html: `<p>${error.title}: ${error.detail ?? ''}</p><a href="/">Again</a>` };
    throw error;
  }
}

function form(intent: string): string {
  return checkout.replace('{{intent}}', intent);
}

function described({ id, status, payments = [] }: Order): string {
  const amount = payments.reduce((sum, { capturedMinor }) => sum + capturedMinor, 0) / 100;
  return `<p>The order ${id} is ${status}; ${amount.toFixed(2)} EUR were taken.</p><a href="/">Another one</a>`;
}

async function makeShop() {
  const anybody = createClient({ baseUrl, onRetry: ({ error }) => console.error(`${error.message}; trying again`) });
  const { accessToken } = await anybody.accounts.logIn({ email, password });
  const operator = createClient({ baseUrl, token: accessToken });
  const merchant = await operator.merchants.create({ name: 'Shop with Stripe' });
  const { secret } = await operator.apiKeys.create(merchant.id, { name: 'Checkout' });
  const sale = await operator.sales.create({
    merchantId: merchant.id,
    name: 'Prints',
    currency: 'EUR',
    opensAt: new Date().toISOString(),
    closesAt: new Date(Date.now() + 24 * 3_600_000).toISOString(),
    fulfillment: 'direct',
    items: [{ name: 'Print', priceMinor: 1_500, capacity: 100 }],
  });
  const shop = createClient({ baseUrl, token: secret ?? '' });
  return { shop, saleId: sale.id, itemId: sale.items[0]?.id ?? '' };
}
