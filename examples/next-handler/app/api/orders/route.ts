import { createClient, DoorbusterError, isProblem } from 'doorbuster-client';

// A route handler as Next.js has them (app/api/orders/route.ts), and Remix, SvelteKit, Hono, Deno and Bun with small
// changes: a Request comes in, a Response goes out. It runs on the shop's server; the API key never reaches a browser.

const { DOORBUSTER_URL: baseUrl = 'http://127.0.0.1:3000', DOORBUSTER_API_KEY: token, SALE_ID, ITEM_ID } = process.env;

const engine = createClient({
  baseUrl,
  token,
  // Somebody waits in front of a browser: after this long it is better to tell them how it stands.
  timeoutMs: 5_000,
  retry: { totalMs: 5_000 },
});

/** What newIdempotencyKey and crypto.randomUUID make. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The shop's form was sent. Its field `intent` is one press of the button: the same over reloads, double clicks and retries. */
export async function POST(request: Request): Promise<Response> {
  const customerId = customerOf(request);
  if (customerId === undefined) return page(401, 'Please sign in first.');
  const intent = String((await request.formData()).get('intent'));
  if (!UUID.test(intent)) return page(400, 'This form is out of date. Please go back to the shop.');

  try {
    const order = await engine.orders.place(
      { saleId: SALE_ID ?? '', lines: [{ itemId: ITEM_ID ?? '', quantity: 1 }], onBehalfOf: customerId },
      // All back ends of a shop share one space of keys. With the customer in front, nobody can use up another's.
      { idempotencyKey: `${customerId}.${intent}` },
    );
    return page(200, `It is yours: order number ${order.arrival}. Please pay by ${order.payBy}.`, { done: true });
  } catch (error) {
    if (isProblem(error, 'sold-out', 'limit-reached', 'sale-not-open')) return page(409, SORRY[error.code]);
    if (error instanceof DoorbusterError && error.effectUnknown) {
      return page(503, 'We do not know yet whether that worked. Reload this page: you will not order twice.');
    }
    console.error(error);
    return page(500, 'Something is wrong with our shop. You have ordered nothing.');
  }
}

const SORRY = {
  'sold-out': 'We are sorry: it is sold out.',
  'limit-reached': 'You have as many as one customer may have.',
  'sale-not-open': 'The sale is not open.',
};

/** Put your session here. A cookie that anybody can write is good for an example only. */
function customerOf(request: Request): string | undefined {
  return /(?:^|; )customer=([\w-]{1,64})(?:;|$)/.exec(request.headers.get('cookie') ?? '')?.[1];
}

/** `done`: the intent has had its effect, the page forgets it, and the next press is a new one. */
function page(status: number, text: string, { done = false } = {}): Response {
  const script = done ? "<script>sessionStorage.removeItem('intent')</script>" : '';
  const html = `<!doctype html><title>Shop</title><p>${text}</p><p><a href="/">Back to the shop</a></p>${script}`;
  return new Response(html, { status, headers: { 'content-type': 'text/html; charset=utf-8' } });
}
