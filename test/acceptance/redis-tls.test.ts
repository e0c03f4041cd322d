import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CertificateAuthority } from '../support/certificate.ts';
import { send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { createShop } from '../support/shop.ts';
import { createStage, type Stage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
let authority: CertificateAuthority;

before(async () => {
  database = await stage.database();
  authority = await stage.certificateAuthority();
});

/** Starts a Redis that speaks TLS alone. */
type StartRedis = (own: Stage) => Promise<{ readonly url: string }>;

const DEPLOYMENTS: readonly [scheme: string, start: StartRedis][] = [
  ['rediss://', (own) => own.redis([], authority.issue('IP:127.0.0.1'))],
  ['rediss-sentinel://', (own) => own.redisSentinel(authority.issue('IP:127.0.0.1'))],
  ['rediss-cluster://', (own) => own.redisCluster(authority.issue('DNS:localhost'))],
];

for (const [scheme, startRedis] of DEPLOYMENTS) {
  test(`an engine asks the gate at a ${scheme} address whose authority NODE_EXTRA_CA_CERTS names`, async (t) => {
    const own = createStage(t);
    const redis = await startRedis(own);
    assert.ok(redis.url.startsWith(scheme), redis.url);
    const { url, output } = await own.engine({
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      NODE_EXTRA_CA_CERTS: authority.caFile,
    });
    const shop = await createShop(url);
    const answer = await shop.order(await shop.createSale());
    assert.equal(answer.status, 201, answer.text);
    const { text: metrics } = await send('GET', `${url}/metrics`);
    assert.ok(metrics.includes('doorbuster_redis_breaker{state="closed"} 1'), output.join('\n'));
    assert.match(metrics, /doorbuster_gate_advice_total\{advice="(reserved|unknown)"\} 1/);
    assert.doesNotMatch(output.join('\n'), /could not be read/);
  });
}

test('an engine that does not trust its Redis says so at start, and sells without it', async (t) => {
  const own = createStage(t);
  const redis = await own.redis([], authority.issue('IP:127.0.0.1'));
  const { url, output } = await own.engine({ DATABASE_URL: database.url, REDIS_URL: redis.url });
  assert.match(output.join('\n'), /certificate of 127\.0\.0\.1:\d+ is not accepted .*NODE_EXTRA_CA_CERTS/);
  const shop = await createShop(url);
  assert.equal((await shop.order(await shop.createSale())).status, 201);
  assert.equal((await send('GET', `${url}/health/ready`)).json.parts.redis, 'away');
});
