import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { type RequestOptions, send } from '../support/client.ts';
import { startEngine } from '../support/engine.ts';
import { freePort } from '../support/postgres.ts';
import { createStage } from '../support/stage.ts';
import { signWebhook } from '../support/webhooks.ts';

// The engine runs at the chattiest log level with secrets that are easy to find, does everything that has to do with them,
// and much of it goes wrong. None of them may stand in what it wrote.

const stage = createStage({ after });

/** A secret that stands nowhere else. */
const mark = (name: string) => `${name}${randomBytes(15).toString('hex')}`;

/** In which forms a text may turn up. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
  // In base64 within something longer, the first and the last characters depend on what is around.
  for (const shift of [1, 2]) {
    forms.push(
      Buffer.concat([Buffer.alloc(shift), bytes])
        .toString('base64')
        .slice(4, -4),
    );
  }
  return [...forms, encodeURIComponent(secret)];
}

function assertNone(output: readonly string[], secrets: Readonly<Record<string, string>>): void {
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(secret.length >= 16, `${name} is no secret to look for`);
    for (const form of formsOf(secret)) {
      const line = output.find((each) => each.includes(form));
      assert.equal(line, undefined, `${name} stands in the output`);
    }
  }
}

/** Refuses everything, and says again what it was sent, as careless services do. */
async function startEcho(): Promise<string> {
  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { type: 'invalid_request_error', message: `no good: ${authorization}` } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.atEnd(async () => void server.close().closeAllConnections());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}

const withPassword = (url: string, password: string) => url.replace(/\/\/([^@/]*@)?/, `//doorbuster:${password}@`);

test('SEC-07 no secret stands in the log at its chattiest, whatever goes wrong with it', async () => {
  const database = await stage.database();
  const echo = await startEcho();
  const settings = {
    'a signing key': mark('tokenkey'),
    "the operator's password": mark('operator'),
    "the database's password": mark('database'),
    "Redis' password": mark('redis'),
    "Stripe's key": `sk_test_${mark('stripe')}`,
    "Stripe's webhook secret": `whsec_${mark('stripehook')}`,
    'the token of the metrics': mark('metrics'),
    'the address of notifications': mark('notify'),
    'the secret of notifications': `whsec_${randomBytes(24).toString('base64')}`,
    "the collector's header": mark('collector'),
  };
  const engine = await stage.engine({
    DATABASE_URL: withPassword(database.url, settings["the database's password"]),
    // The Redis of the tests knows no passwords: it refuses each connection, and the driver's error has the command.
    REDIS_URL: withPassword(process.env['TEST_REDIS_URL'] ?? '', settings["Redis' password"]),
    LOG_LEVEL: 'trace',
    TOKEN_KEYS: `marked:${settings['a signing key']}`,
    OPERATOR_PASSWORD: settings["the operator's password"],
    PAYMENT_PROVIDER: 'stripe',
    STRIPE_SECRET_KEY: settings["Stripe's key"],
    STRIPE_WEBHOOK_SECRET: settings["Stripe's webhook secret"],
    STRIPE_API_BASE: echo,
    METRICS_TOKEN: settings['the token of the metrics'],
    NOTIFY_URL: `${echo}/services/${settings['the address of notifications']}`,
    NOTIFY_SECRET: settings['the secret of notifications'],
    OTEL_EXPORTER_OTLP_ENDPOINT: echo,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${settings["the collector's header"]}`,
    OTEL_TRACES_SAMPLER_ARG: '1',
    WEBHOOK_ALLOW_PRIVATE: 'true',
    WEBHOOK_RETRY_SECONDS: 'off',
  });
  const operator = { email: 'operator@example.com', password: settings["the operator's password"] };
  const made = await useSecrets(engine.url, operator, `${echo}/hook`);

  // Now the ledger goes away under it: errors of the driver are logged.
  const terminated = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  await database.query(terminated).catch(() => undefined);
  await send('GET', `${engine.url}/api/v1/orders`, { token: made['an access token'] ?? '' });
  await send('POST', `${engine.url}/api/v1/sessions`, { body: operator });
  await engine.stop();

  const log = engine.output.filter((line) => line.startsWith('{'));
  assert.ok(log.length > 30, `${log.length} lines were logged`);
  assertNone(engine.output, { ...settings, ...made });
});

/** Does all that the API does with secrets, well and badly; what was used, by what it is. */
async function useSecrets(url: string, operator: { email: string; password: string }, hook: string) {
  const post = (path: string, options: RequestOptions = {}) =>
    send('POST', `${url}/api/v1${path}`, { key: randomUUID(), ...options });
  const session = await post('/sessions', { body: operator });
  assert.equal(session.status, 201, session.text);
  const token: string = session.json.accessToken;

  const password = mark('password');
  const email = `${randomUUID()}@example.com`;
  assert.equal((await post('/accounts', { body: { email, password } })).status, 201);
  const wrong = mark('wrongpassword');
  assert.equal((await post('/sessions', { body: { email, password: wrong } })).status, 401);
  // Where it does not belong, and in bodies that cannot be read.
  assert.equal((await post('/accounts', { body: { email, password, secret: password, name: 7 } })).status, 400);
  assert.equal((await post('/sessions', { rawBody: `{"email":"${email}","password":"${password}"` })).status, 400);
  assert.equal((await post('/sessions', { rawBody: password, headers: { 'content-type': password } })).status, 415);

  const merchant = await post('/merchants', { token, body: { name: 'Marked' } });
  const own = `/merchants/${merchant.json.id}`;
  const apiKey = await post(`${own}/api-keys`, { token, body: { name: 'Marked' } });
  assert.equal(apiKey.status, 201, apiKey.text);
  const endpoint = await post(`${own}/webhook-endpoints`, { token, body: { url: hook } });
  assert.equal(endpoint.status, 201, endpoint.text);
  const at = `${own}/webhook-endpoints/${endpoint.json.id}`;
  const rotated = await post(`${at}/secret-rotation`, { token, body: { overlapSeconds: 60 } });
  assert.equal((await post(`${at}/test`, { token })).status, 202);

  const bad = mark('badcredentials');
  for (const authorization of [`Bearer ${bad}`, `Basic ${bad}`, `Bearer ${apiKey.json.secret}x`, bad]) {
    await send('GET', `${url}/api/v1/orders`, { headers: { authorization } });
  }
  await send('GET', `${url}/metrics`, { headers: { authorization: `Bearer ${bad}` } });
  await payByStripe(post, merchant.json.id, { token, apiKey: apiKey.json.secret });
  const event = signWebhook({ type: 'x' }, { secret: `whsec_${randomBytes(24).toString('base64')}` });
  for (const provider of ['stripe', 'sandbox']) {
    await post(`/payment-webhooks/${provider}`, {
      rawBody: event.body,
      headers: { ...event.headers, 'stripe-signature': 't=1,v1=00' },
    });
  }
  return {
    'an access token': token,
    'a password': password,
    'a wrong password': wrong,
    'an API key': apiKey.json.secret,
    'a webhook secret': endpoint.json.secret,
    'a new webhook secret': rotated.json.secret,
    'bad credentials': bad,
  } as Record<string, string>;
}

/** Orders and tries to pay at a Stripe that refuses the key. */
async function payByStripe(
  post: (path: string, options: RequestOptions) => ReturnType<typeof send>,
  merchantId: string,
  { token, apiKey }: { token: string; apiKey: string },
): Promise<void> {
  const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const sale = await post('/sales', {
    token,
    body: {
      merchantId,
      name: 'Marked',
      currency: 'EUR',
      opensAt: hour(-1),
      closesAt: hour(1),
      fulfillment: 'direct',
      items: [{ name: 'Poster', priceMinor: 100, capacity: 1 }],
    },
  });
  const order = await post('/orders', {
    token: apiKey,
    body: { saleId: sale.json.id, lines: [{ itemId: sale.json.items[0].id, quantity: 1 }], onBehalfOf: 'anna' },
  });
  assert.equal(order.status, 201, order.text);
  const paid = await post(`/orders/${order.json.id}/payment`, {
    token: apiKey,
    body: { paymentMethod: 'pm_card_visa' },
    headers: { 'if-match': '*' },
  });
  assert.ok(paid.status >= 202, paid.text);
}

test('SEC-07 an engine that cannot start says why without its secrets', async () => {
  const database = await stage.database();
  const secrets = {
    database: mark('database'),
    tokens: mark('token'),
    operator: mark('operator'),
    redis: mark('redis'),
  };
  const deaf = await freePort();
  const attempts: Record<string, string>[] = [
    { DATABASE_URL: `postgres://doorbuster:${secrets.database}@127.0.0.1:${deaf}/nothing`, REDIS_URL: '' },
    { DATABASE_URL: withPassword(database.url, secrets.database).replace(/[^/]*$/, 'nothing'), REDIS_URL: '' },
    // All faults of the settings are told at once.
    {
      DATABASE_URL: `mysql://doorbuster:${secrets.database}@127.0.0.1/x`,
      REDIS_URL: `http://x:${secrets.redis}@127.0.0.1/`,
      TOKEN_KEYS: `a:${secrets.tokens},a:${secrets.tokens}`,
      METRICS_TOKEN: `${secrets.operator} with a blank`,
      NOTIFY_URL: `https://name:${secrets.operator}@chat.example/`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization ${secrets.operator}`,
    },
  ];
  // Some of them try again for a while: all at once.
  const failures = await Promise.all(attempts.map(failureOf));
  for (const message of failures) {
    assert.match(message, /before it listened/);
    assertNone([message], secrets);
  }
});

async function failureOf(settings: Readonly<Record<string, string>>): Promise<string> {
  const engine = await startEngine({ LOG_LEVEL: 'trace', ...settings }).catch((error: Error) => error.message);
  if (typeof engine === 'string') return engine;
  await engine.kill();
  return `It started with ${JSON.stringify(settings)}`;
}
