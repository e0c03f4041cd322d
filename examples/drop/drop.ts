// A drop: a few prints, more people than prints, and everybody presses "buy" before it opens.

import { setTimeout as delay } from 'node:timers/promises';
import { type Client, createClient, isProblem, newIdempotencyKey } from 'doorbuster-client';

const {
  DOORBUSTER_URL: baseUrl = 'http://127.0.0.1:3000',
  OPERATOR_EMAIL: email = 'operator@example.com',
  OPERATOR_PASSWORD: password = 'doorbuster-development',
  STOCK = '5',
  BUYERS = '12',
} = process.env;
const [stock, buyerCount] = [Number(STOCK), Number(BUYERS)];

const anybody = createClient({ baseUrl, onRetry: ({ error }) => console.error(`${error.message}; trying again`) });
const session = await anybody.accounts.logIn({ email, password });
const operator = createClient({ baseUrl, token: session.accessToken });

// One after the other: an engine limits how many sign in from one address at once.
const buyers: Buyer[] = [];
while (buyers.length < buyerCount) buyers.push(await signUp(`Buyer ${buyers.length + 1}`));

const merchant = await operator.merchants.create({ name: 'Print shop' });
const sale = await operator.sales.create({
  merchantId: merchant.id,
  name: 'Signed print, edition of the day',
  currency: 'EUR',
  opensAt: new Date(Date.now() + 1_000).toISOString(),
  closesAt: new Date(Date.now() + 600_000).toISOString(),
  fulfillment: 'direct',
  items: [{ name: 'Signed print', priceMinor: 4_900, capacity: stock, limitPerCustomer: 1 }],
});
const itemId = sale.items[0]?.id ?? '';
console.log(`Sale ${sale.id} opens at ${sale.opensAt}: ${stock} prints, ${buyerCount} buyers.`);

const happy = (await Promise.all(buyers.map(buy))).filter((bought) => bought).length;

const now = await operator.sales.get(sale.id);
const sold = now.items[0]?.stock.sold;
console.log(
  `${happy} of ${buyerCount} buyers have a print, the others know that there is none. The engine sold ${sold}.`,
);
if (sold !== happy || happy !== Math.min(stock, buyerCount)) throw new Error('That is not what should have happened.');

interface Buyer {
  readonly name: string;
  readonly client: Client;
}

/** Registers somebody new and logs them in. */
async function signUp(name: string): Promise<Buyer> {
  const credentials = { email: `${crypto.randomUUID()}@example.com`, password: crypto.randomUUID() };
  await anybody.accounts.register({ ...credentials, name });
  const { accessToken } = await anybody.accounts.logIn(credentials);
  return { name, client: createClient({ baseUrl, token: accessToken }) };
}

/** Orders and pays. False when there was nothing left: that is no error, and deserves a kind word. */
async function buy({ name, client }: Buyer): Promise<boolean> {
  try {
    const order = await placeWhenOpen(client);
    const paid = await client.orders.pay(order, { paymentMethod: 'card_ok' });
    console.log(`${name} is number ${order.arrival} and has a print (${paid.status}).`);
    return true;
  } catch (error) {
    if (!isProblem(error, 'sold-out')) throw error;
    console.log(`${name}, we are sorry: all prints are taken. Should one not be paid for in time, it comes back here.`);
    return false;
  }
}

/** One press of the button is one intent with one key, however often it has to ask. */
async function placeWhenOpen(client: Client) {
  const idempotencyKey = newIdempotencyKey();
  for (;;) {
    try {
      return await client.orders.place({ saleId: sale.id, lines: [{ itemId, quantity: 1 }] }, { idempotencyKey });
    } catch (error) {
      if (!isProblem(error, 'sale-not-open') || error.extras.saleStatus !== 'scheduled') throw error;
      await delay(Math.max(50, Date.parse(error.extras.opensAt) - Date.now()));
    }
  }
}
