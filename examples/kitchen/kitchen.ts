// A kitchen: somebody orders lunch and watches it on a screen, the cook takes it on, and it is handed over for a code.

import { setTimeout as delay } from 'node:timers/promises';
import { createClient, isProblem } from 'doorbuster-client';

const {
  DOORBUSTER_URL: baseUrl = 'http://127.0.0.1:3000',
  OPERATOR_EMAIL: email = 'operator@example.com',
  OPERATOR_PASSWORD: password = 'doorbuster-development',
} = process.env;
/** A fast kitchen, and a customer next door. */
const [COOKING_MS, WALK_MS] = [1_500, 1_000];

const anybody = createClient({ baseUrl, onRetry: ({ error }) => console.error(`${error.message}; trying again`) });
const { accessToken } = await anybody.accounts.logIn({ email, password });
const operator = createClient({ baseUrl, token: accessToken });

// The operator makes the restaurant, its cook and today's lunch.
const merchant = await operator.merchants.create({ name: 'Corner kitchen' });
const cook = await signUp('Cook', (cookEmail) =>
  operator.members.add(merchant.id, { email: cookEmail, role: 'merchant' }),
);
const lunch = await operator.sales.create({
  merchantId: merchant.id,
  name: 'Lunch',
  currency: 'EUR',
  opensAt: new Date().toISOString(),
  closesAt: new Date(Date.now() + 2 * 3_600_000).toISOString(),
  fulfillment: 'kitchen',
  acceptanceSeconds: 120,
  items: [{ name: 'Lentil soup', priceMinor: 690, capacity: 40 }],
});

// The customer orders and follows the order. The screen goes on by itself, whatever else happens here.
const customer = await signUp('Customer');
const lines = [{ itemId: lunch.items[0]?.id ?? '', quantity: 2 }];
const placed = await customer.orders.place({ saleId: lunch.id, lines });
const screen = showProgress(placed.id);
await customer.orders.pay(placed, { paymentMethod: 'card_ok' });

// The cook's list: what is paid and waits. The order is passed on as it was read, so that two cooks cannot both take it
// on: the second gets `precondition-failed`.
for await (const waiting of cook.orders.list({ saleId: lunch.id, status: 'pending_acceptance' })) {
  const { id } = await cook.orders.accept(waiting);

  // Meanwhile the money is captured, which is a new version of the order. That is nothing to the cook: `*` means the
  // order as it is now, and a step that it does not allow (it was cancelled, say) is refused all the same.
  const now = { id, etag: '*' };
  await delay(COOKING_MS);
  await cook.orders.prepare(now);
  await delay(WALK_MS);

  // Somebody at the counter guesses; then the customer shows the code.
  const { collectionCode } = await customer.orders.collectionCode(id);
  const guess = collectionCode === '000000' ? '111111' : '000000';
  for (const code of [guess, collectionCode]) {
    try {
      await cook.orders.pickUp(now, { collectionCode: code });
      console.log('Counter: the code is right. Enjoy your meal!');
    } catch (error) {
      if (!isProblem(error, 'collection-code-wrong')) throw error;
      console.log('Counter: that is not the code of this order.');
    }
  }
}
await screen;

/** Prints each step of an order as it happens, until it is over. Lost connections are made anew without a gap. */
async function showProgress(orderId: string): Promise<void> {
  for await (const { data } of customer.orders.watch(orderId, { signal: AbortSignal.timeout(60_000) })) {
    console.log(`Screen: ${data.type}, the order is ${data.status.replaceAll('_', ' ')}.`);
    if (data.status === 'completed') return;
    if (['cancelled', 'rejected', 'expired'].includes(data.status)) throw new Error(`The order is ${data.status}.`);
  }
}

/** Registers somebody, has them given a role where they need one, and logs them in. */
async function signUp(name: string, giveRole?: (email: string) => Promise<unknown>) {
  const credentials = { email: `${crypto.randomUUID()}@example.com`, password: crypto.randomUUID() };
  await anybody.accounts.register({ ...credentials, name });
  await giveRole?.(credentials.email);
  const { accessToken: token } = await anybody.accounts.logIn(credentials);
  return createClient({ baseUrl, token });
}
