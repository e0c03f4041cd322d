import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { asMembers } from '../checker/order-state.ts';
import {
  decideFakeOrder,
  type FakeDecision,
  type FakeDefects,
  type FakeRequest,
  type FakeSale,
  makeFakeSale,
  showFakeSale,
} from './fake-ledger.ts';

/*
 * The outside world of the rehearsal's tests: an engine in memory that speaks the real one's wire, with defects to
 * order, so that the rehearsal can be shown to catch each. It is no example of how an engine works.
 */

export interface FakeEngine {
  readonly url: string;
  /** Bodies of `POST /sales`, in order. */
  readonly salesMade: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

interface World {
  readonly defects: FakeDefects;
  readonly sales: Map<string, FakeSale>;
  readonly salesMade: Readonly<Record<string, unknown>>[];
  /** User ids by access token. */
  readonly users: Map<string, string>;
  orderRequests: number;
}

/** Starts one on a free port of the loopback. */
export async function startFakeEngine(defects: FakeDefects = {}): Promise<FakeEngine> {
  const world: World = { defects, sales: new Map(), salesMade: [], users: new Map(), orderRequests: 0 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => route(world, request, response, Buffer.concat(chunks).toString('utf8')));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    salesMade: world.salesMade,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function route(world: World, request: IncomingMessage, response: ServerResponse, text: string): void {
  const url = new URL(request.url ?? '/', 'http://engine');
  const body = text === '' ? {} : (asMembers(JSON.parse(text)) ?? {});
  const name = `${request.method} ${url.pathname.replace('/api/v1', '')}`;
  if (name === 'POST /orders') {
    world.orderRequests += 1;
    // Some requests overtake others, as in a real engine.
    if (world.orderRequests % 7 === 0) setImmediate(() => answerOrder(world, request, response, body));
    else answerOrder(world, request, response, body);
    return;
  }
  const content = answerOffice(world, name, url.searchParams, body);
  reply(
    response,
    content === undefined ? 404 : request.method === 'POST' ? 201 : 200,
    content ?? { code: 'not-found' },
  );
}

function answerOffice(
  world: World,
  name: string,
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>>,
): object | undefined {
  const sale = world.sales.get(String(body['saleId'] ?? query.get('saleId') ?? name.split('/').at(-1)));
  switch (name) {
    case 'GET /health/live':
      return { service: 'doorbuster', status: 'live' };
    case 'GET /health/ready':
      return { status: 'ready' };
    case 'POST /sessions':
      return { accessToken: 'operator' };
    case 'POST /merchants':
      return { id: randomUUID() };
    case 'POST /sales':
      return showFakeSale(openSale(world, body));
    case 'GET /sales':
      return { data: [...world.sales.values()].map(showFakeSale), nextCursor: null };
    case 'POST /admin/test-buyers':
      return { buyers: Array.from({ length: Number(body['count']) }, () => makeBuyer(world)) };
    case 'GET /orders':
      return pageOf(sale?.orders ?? [], query);
    default:
      return sale === undefined ? undefined : showFakeSale(sale);
  }
}

function openSale(world: World, body: Readonly<Record<string, unknown>>): FakeSale {
  const items = Array.isArray(body['items']) ? body['items'] : [];
  const sale = makeFakeSale(body, items);
  world.sales.set(sale.id, sale);
  world.salesMade.push(body);
  return sale;
}

function makeBuyer(world: World): { userId: string; accessToken: string } {
  const buyer = { userId: randomUUID(), accessToken: randomUUID() };
  world.users.set(buyer.accessToken, buyer.userId);
  return buyer;
}

function pageOf<Value>(all: readonly Value[], query: URLSearchParams): object {
  const start = Number(query.get('cursor') ?? 0);
  const end = start + Number(query.get('limit'));
  return { data: all.slice(start, end), nextCursor: end < all.length ? String(end) : null };
}

function answerOrder(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  body: Readonly<Record<string, unknown>>,
): void {
  const { cutsEvery, busyEvery } = world.defects;
  const sale = world.sales.get(String(body['saleId']));
  const userId = world.users.get((request.headers.authorization ?? '').replace('Bearer ', ''));
  const key = request.headers['idempotency-key'];
  if (sale === undefined || userId === undefined || typeof key !== 'string') {
    reply(response, 401, { code: 'unauthenticated' });
  } else if (busyEvery !== undefined && world.orderRequests % busyEvery === 0) {
    reply(response, 503, { code: 'overloaded' }, { 'Retry-After': '0' });
  } else {
    const decision = decideFakeOrder(sale, readRequest(userId, key, body), world.defects);
    if (cutsEvery !== undefined && world.orderRequests % cutsEvery === 0) request.socket.destroy();
    else replyDecision(response, decision);
  }
}

function replyDecision(response: ServerResponse, decision: FakeDecision): void {
  if ('code' in decision) {
    reply(response, 409, { code: decision.code });
    return;
  }
  reply(response, 201, decision.order, {
    Location: `/api/v1/orders/${decision.order.id}`,
    ETag: '"1"',
    ...(decision.replayed && { 'Idempotent-Replayed': 'true' }),
  });
}

function readRequest(userId: string, key: string, body: Readonly<Record<string, unknown>>): FakeRequest {
  const lines = (Array.isArray(body['lines']) ? body['lines'] : []).map((line: unknown) => {
    const { itemId, quantity } = asMembers(line) ?? {};
    return { itemId: String(itemId), quantity: Number(quantity) };
  });
  return { userId, key, lines, reference: String(body['reference']) };
}

function reply(response: ServerResponse, status: number, content: object, headers: Record<string, string> = {}): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, ...headers });
  response.end(JSON.stringify(content));
}
