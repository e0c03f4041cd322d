import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import Stripe from 'stripe';
import { createFakeBooks, type FakeBooks, type FakeIntent } from './fake-stripe-books.ts';
import { type FormFields, parseForm } from './fake-stripe-form.ts';
import { checkParams, type Operation, type StripeFault, StripeFaultError } from './fake-stripe-rules.ts';

export interface FakeStripeOptions {
  readonly secretKey?: string;
  readonly webhookSecret?: string;
  readonly now?: () => number;
}

/**
 * What goes wrong with a request. `before`: Stripe has not done it; `after`: it has. A 500 is kept with the idempotency
 * key and replayed, as Stripe does; `503` and `429` are not, they come from before Stripe's own servers. The connection
 * is dropped for the SDK's own repeat of the request, too.
 */
export type FakeFailure =
  | 'drop-before'
  | 'drop-after'
  | '500-before'
  | '500-after'
  | 'hang-before'
  | 'hang-after'
  | '503'
  | '429';

export interface FakeFault {
  readonly how: FakeFailure;
  /** The end of the path, such as `/confirm`; any where it is not given. */
  readonly path?: string;
  readonly method?: 'GET' | 'POST';
}

/** A request that was refused. `request`: it broke Stripe's published rules. `state`: it did not fit how things were. */
export interface FakeViolation {
  readonly kind: 'request' | 'state';
  readonly method: string;
  readonly path: string;
  readonly code: string | undefined;
  readonly message: string;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly params: FormFields;
}

export interface SignOptions {
  readonly eventId?: string;
  readonly signedAt?: Date;
  readonly secret?: string;
}

export interface FakeStripe {
  readonly url: string;
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Every request that was refused, but for declined cards. */
  readonly violations: FakeViolation[];
  /** Every request that came, in order. */
  readonly requests: FakeRequest[];
  /** The next request that matches goes wrong, once. */
  failNext(fault: FakeFault): void;
  /** The customer approves, or does not, what the intent waits for. */
  authenticate(intentId: string, approve: boolean): void;
  /** Stripe gives up an authorization that nobody captured. */
  expire(intentId: string): void;
  setStatus(intentId: string, status: FakeIntent['status']): void;
  settleRefund(refundId: string, status: string, failureReason?: string): void;
  /** A day goes by: Stripe no longer knows any idempotency key. */
  forgetKeys(): void;
  intent(intentId: string): FakeIntent;
  /** An event as Stripe would send it. */
  signedEvent(type: string, object: object, options?: SignOptions): { body: Buffer; headers: Record<string, string> };
  /** What was taken and given back, by the engine's payment id, in Stripe's units. */
  books(): Map<string, { captured: number; refunded: number; charges: number }>;
  close(): Promise<void>;
}

interface Kept {
  readonly fingerprint: string;
  readonly answer: Answer | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

interface Armed extends FakeFault {
  /** The request that was dropped, so that the SDK's repeat of it is dropped too. */
  dropped?: string;
}

/**
 * A server on loopback that behaves like Stripe's API where the engine uses it, for tests. It checks each request
 * against Stripe's published rules as far as the SDK's types give them.
 */
export async function startFakeStripe(options: FakeStripeOptions = {}): Promise<FakeStripe> {
  const secretKey = options.secretKey ?? 'sk_test_fake';
  const webhookSecret = options.webhookSecret ?? 'whsec_fake';
  const now = options.now ?? Date.now;
  const books = createFakeBooks(now);
  const keys = new Map<string, Kept>();
  const violations: FakeViolation[] = [];
  const requests: FakeRequest[] = [];
  const faults: Armed[] = [];

  function takeFault(request: FakeRequest): FakeFailure | undefined {
    const name = `${request.method} ${request.path} ${request.key}`;
    const index = faults.findIndex(({ path, method, dropped }) =>
      dropped === undefined
        ? (method ?? request.method) === request.method && request.path.endsWith(path ?? '')
        : dropped === name,
    );
    const fault = faults[index];
    if (fault === undefined) return undefined;
    if (fault.how.startsWith('drop') && fault.dropped === undefined) fault.dropped = name;
    else faults.splice(index, 1);
    return fault.how;
  }

  function note(request: FakeRequest, { kind, fault }: StripeFaultError): Answer {
    const { code, message, type } = fault.error;
    if (type !== 'card_error') violations.push({ kind, method: request.method, path: request.path, code, message });
    return answerOf(fault);
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(incoming);
    const { pathname, search } = new URL(incoming.url ?? '', 'http://stripe.fake');
    const header = incoming.headers['idempotency-key'];
    const key = typeof header === 'string' ? header : undefined;
    const method = incoming.method ?? '';
    const envelope = { method, path: pathname, key, params: {} };
    try {
      const params = parse(incoming, method === 'POST' ? text : search);
      const request: FakeRequest = { ...envelope, params };
      requests.push(request);
      checkEnvelope(incoming, secretKey);
      const fault = takeFault(request);
      if (fault === 'drop-before') return void incoming.socket.destroy();
      if (fault === 'hang-before') return;
      if (fault === '503' || fault === '429') return send(response, outage(Number(fault)), false);
      const { answer, replayed } = await underKey(request, `${method} ${pathname} ${text}`, fault);
      if (fault === 'drop-after') return void incoming.socket.destroy();
      if (fault === 'hang-after') return;
      send(response, answer, replayed);
    } catch (error) {
      if (!(error instanceof StripeFaultError)) throw error;
      send(response, note(envelope, error), false);
    }
  }

  /** @see https://docs.stripe.com/api/idempotent_requests */
  async function underKey(request: FakeRequest, fingerprint: string, fault: FakeFailure | undefined) {
    const { key } = request;
    const kept = key === undefined || request.method !== 'POST' ? undefined : keys.get(key);
    if (kept !== undefined && kept.fingerprint !== fingerprint) throw keyFault(400, 'idempotency_error');
    if (kept !== undefined && kept.answer === undefined) throw keyFault(409, 'invalid_request_error');
    if (kept?.answer !== undefined) return { answer: kept.answer, replayed: true };

    const [operation, intentId] = routeOf(request);
    checkParams(operation, request.params);
    if (key !== undefined) keys.set(key, { fingerprint, answer: undefined });
    // Others get their turn here, as they do while a real server works.
    await setImmediate();
    const done = fault === '500-before' ? outage(500) : execute(request, operation, intentId);
    const answer = fault === '500-after' ? outage(500) : done;
    if (key !== undefined) keys.set(key, { fingerprint, answer });
    return { answer, replayed: false };
  }

  function execute(request: FakeRequest, operation: Operation, intentId: string): Answer {
    try {
      return { status: 200, body: perform(books, operation, intentId, request.params) };
    } catch (error) {
      if (!(error instanceof StripeFaultError)) throw error;
      return note(request, error);
    }
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error: unknown) => {
      violations.push({ kind: 'request', method: '', path: '', code: 'fake_broken', message: String(error) });
      send(response, outage(500), false);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    secretKey,
    webhookSecret,
    violations,
    requests,
    failNext: (fault) => void faults.push({ ...fault }),
    authenticate: books.authenticate,
    expire: books.expire,
    setStatus: books.setStatus,
    settleRefund: books.settleRefund,
    forgetKeys: () => keys.clear(),
    intent: books.get,
    signedEvent: (type, object, sign = {}) => signEvent(type, object, { secret: webhookSecret, ...sign }),
    books: () => sumsOf(books),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function sumsOf(books: FakeBooks): Map<string, { captured: number; refunded: number; charges: number }> {
  const sums = new Map<string, { captured: number; refunded: number; charges: number }>();
  for (const charge of books.charges()) {
    const id = charge.metadata['payment_id'];
    if (id === undefined || charge.amount_captured === 0) continue;
    const sum = sums.get(id) ?? { captured: 0, refunded: 0, charges: 0 };
    sum.captured += charge.amount_captured;
    sum.refunded += charge.amount_refunded;
    sum.charges += 1;
    sums.set(id, sum);
  }
  return sums;
}

function signEvent(type: string, object: object, { eventId, signedAt, secret }: SignOptions & { secret: string }) {
  const at = Math.floor((signedAt?.getTime() ?? Date.now()) / 1_000);
  const payload = JSON.stringify({
    id: eventId ?? `evt_fake_${at}`,
    object: 'event',
    api_version: '2026-10-28.endive',
    created: at,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  });
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: at });
  return {
    body: Buffer.from(payload),
    headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function parse(incoming: IncomingMessage, text: string): FormFields {
  const type = incoming.headers['content-type'];
  if (incoming.method === 'POST' && type !== 'application/x-www-form-urlencoded') {
    throw requestFault(400, undefined, `Invalid content type: ${type}`);
  }
  try {
    return parseForm(text);
  } catch (error) {
    throw requestFault(400, undefined, error instanceof Error ? error.message : String(error));
  }
}

function checkEnvelope(incoming: IncomingMessage, secretKey: string): void {
  if (incoming.headers.authorization !== `Bearer ${secretKey}`) {
    const given = incoming.headers.authorization?.slice(7);
    throw requestFault(401, undefined, `Invalid API Key provided: ${given}`);
  }
  if (!/^\d{4}-\d\d-\d\d\.\w+$/.test(String(incoming.headers['stripe-version']))) {
    throw requestFault(400, undefined, 'The Stripe-Version header is missing.');
  }
  const key = incoming.headers['idempotency-key'];
  if (typeof key === 'string' && key.length > 255) throw requestFault(400, undefined, 'The key is too long.');
}

function routeOf({ method, path }: FakeRequest): [Operation, string] {
  const [version, resource, id, verb, ...rest] = path.split('/').slice(1);
  const name = [method, version, resource, id === undefined ? '' : ':id', verb ?? '', ...rest].join('/');
  switch (name) {
    case 'POST/v1/payment_intents//':
      return ['create', ''];
    case 'GET/v1/payment_intents//':
      return ['list', ''];
    case 'GET/v1/payment_intents/:id/':
      return id === 'search' ? ['search', ''] : ['retrieve', id ?? ''];
    case 'POST/v1/payment_intents/:id/confirm':
      return ['confirm', id ?? ''];
    case 'POST/v1/payment_intents/:id/capture':
      return ['capture', id ?? ''];
    case 'POST/v1/payment_intents/:id/cancel':
      return ['cancel', id ?? ''];
    case 'POST/v1/refunds//':
      return ['createRefund', ''];
    case 'GET/v1/refunds//':
      return ['listRefunds', ''];
    default:
      throw requestFault(404, undefined, `Unrecognized request URL (${method}: ${path}).`);
  }
}

function perform(books: FakeBooks, operation: Operation, intentId: string, params: FormFields): object {
  const show = (intent: FakeIntent) => books.show(intent, params['expand']);
  switch (operation) {
    case 'create':
      return show(books.create(params));
    case 'confirm':
      return show(books.confirm(intentId, params));
    case 'capture':
      return show(books.capture(intentId, params));
    case 'cancel':
      return show(books.cancel(intentId, params));
    case 'retrieve':
      return show(books.get(intentId));
    case 'list':
      return pageOf('/v1/payment_intents', params, intentsSince(books, params).map(show));
    case 'search':
      return searched(books, params);
    case 'createRefund':
      return structuredClone(books.refund(params));
    case 'listRefunds':
      return pageOf(
        '/v1/refunds',
        params,
        books
          .refunds()
          .filter((refund) => refund.payment_intent === (params['payment_intent'] ?? refund.payment_intent)),
      );
  }
}

function intentsSince(books: FakeBooks, params: FormFields): FakeIntent[] {
  const { gte = '0' } = (params['created'] ?? {}) as { gte?: string };
  return books.intents().filter(({ created }) => created >= Number(gte));
}

function searched(books: FakeBooks, params: FormFields): object {
  const [, name = '', value] = /^metadata\['(.*)'\]:'(.*)'$/.exec(String(params['query'])) ?? [];
  const data = books.intents().filter(({ metadata }) => metadata[name] === value);
  return {
    object: 'search_result',
    url: '/v1/payment_intents/search',
    has_more: false,
    data: data.map((intent) => books.show(intent, params['expand'])),
  };
}

function pageOf(url: string, params: FormFields, all: readonly object[]): object {
  const after = all.findIndex((each) => 'id' in each && each.id === params['starting_after']);
  const rest = all.slice(after + 1);
  const limit = Number(params['limit'] ?? 10);
  return { object: 'list', url, has_more: rest.length > limit, data: structuredClone(rest.slice(0, limit)) };
}

function answerOf({ status, error }: StripeFault): Answer {
  return { status, body: { error } };
}

function outage(status: number): Answer {
  return { status, body: { error: { type: 'api_error', message: 'An unknown error occurred' } } };
}

function requestFault(status: number, code: string | undefined, message: string): StripeFaultError {
  const error = { type: 'invalid_request_error' as const, message, ...(code === undefined ? {} : { code }) };
  return new StripeFaultError('request', { status, error });
}

function keyFault(status: 400 | 409, type: 'idempotency_error' | 'invalid_request_error'): StripeFaultError {
  const message = 'Keys for idempotent requests can only be used with the same parameters, one request at a time.';
  const code = status === 409 ? { code: 'idempotency_key_in_use' } : {};
  // A repeat that comes while the first runs breaks no rule.
  return new StripeFaultError(status === 409 ? 'state' : 'request', { status, error: { type, message, ...code } });
}

function send(response: ServerResponse, { status, body }: Answer, replayed: boolean): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'request-id': 'req_fake',
    ...(replayed ? { 'idempotent-replayed': 'true' } : {}),
  });
  response.end(JSON.stringify(body));
}
