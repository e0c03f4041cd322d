import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { ServerCertificate } from '../../test/support/certificate.ts';
import type { TestRedis, TestRedisCluster, TestRedisSentinel } from '../../test/support/redis.ts';
import { createStage } from '../../test/support/stage.ts';
import { openRedis, type RedisLink } from './redis.ts';
import { parseRedisAddress } from './redis-address.ts';
import { scriptOf } from './script.ts';

const COUNT = scriptOf("return redis.call('INCRBY', KEYS[1], ARGV[1])");
/** Of several slots, which are on several nodes of a Cluster. */
const KEYS = Array.from({ length: 12 }, (_, index) => `doorbuster:{${index}}:count`);

const ANSWERS_IN_MS = 5_000;
/** Several attempts to connect. */
const REFUSED_FOR_MS = 600;

const stage = createStage({ after });
const builtIn = getCACertificates('default');
let caFile: string;
/** Its name is localhost, and it has no address. */
let byName: ServerCertificate;
let standalone: TestRedis;
let sentinel: TestRedisSentinel;
let cluster: TestRedisCluster;

before(async () => {
  const authority = await stage.certificateAuthority();
  caFile = authority.caFile;
  byName = authority.issue('DNS:localhost');
  const byAddress = authority.issue('IP:127.0.0.1');
  [standalone, sentinel, cluster] = await Promise.all([
    stage.redis([], byAddress),
    stage.redisSentinel(byAddress),
    stage.redisCluster(byName),
  ]);
});

/** As NODE_EXTRA_CA_CERTS does for a process. */
function trustTheAuthority(t: TestContext): void {
  setDefaultCACertificates([...builtIn, readFileSync(caFile, 'utf8')]);
  t.after(() => setDefaultCACertificates(builtIn));
}

function open(t: TestContext, url: string): RedisLink {
  const link = openRedis({ address: parseRedisAddress(url), timeoutMs: 1_000 });
  t.after(() => link.close());
  return link;
}

/** The link never becomes available, and says why. */
async function assertRefused(t: TestContext, url: string, why: RegExp): Promise<void> {
  const link = open(t, url);
  assert.equal(await link.available(REFUSED_FOR_MS), false, url);
  assert.match((await link.checkServer()).join('\n'), why);
}

const deployments = () => [standalone, sentinel, cluster];

test('over TLS Redis is used standalone, behind Sentinels and as a Cluster, by nodes that have names', async (t) => {
  trustTheAuthority(t);
  for (const { url, query } of deployments()) {
    assert.match(url, /^rediss/);
    const link = open(t, url);
    assert.equal(await link.available(ANSWERS_IN_MS), true, url);
    await Promise.all(KEYS.map((key) => link.run(COUNT, [key], [7])));
    for (const key of KEYS) assert.equal(await query('GET', key), '7');
    assert.doesNotMatch((await link.checkServer()).join('\n'), /could not be read/);
  }
});

test('a certificate of an authority that is not trusted is refused, and where to name that is said', async (t) => {
  for (const { url } of deployments()) {
    await assertRefused(
      t,
      url,
      /certificate of \S+ is not accepted \(SELF_SIGNED_CERT_IN_CHAIN\).*NODE_EXTRA_CA_CERTS/,
    );
  }
});

test('a certificate with another name is refused', async (t) => {
  trustTheAuthority(t);
  const { port } = await createStage(t).redis([], byName);
  await assertRefused(
    t,
    `rediss://127.0.0.1:${port}`,
    /127\.0\.0\.1:\d+ is not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
  );
  assert.equal(await open(t, `rediss://localhost:${port}`).available(ANSWERS_IN_MS), true);
});

test('an address without TLS of servers with it is refused by a sentence that says so', async (t) => {
  for (const { url } of deployments()) {
    await assertRefused(
      t,
      url.replace('rediss', 'redis'),
      /:\d+ speaks TLS alone; write rediss for redis in REDIS_URL\.$/,
    );
  }
});

test('an address with TLS of a server without it is refused by a sentence that says so', async (t) => {
  const { port } = await createStage(t).redis();
  await assertRefused(t, `rediss://127.0.0.1:${port}`, /:\d+ speaks no TLS; write redis for rediss in REDIS_URL\.$/);
});

test('where nobody listens that is said', async (t) => {
  const redis = await createStage(t).redis();
  await redis.kill();
  await assertRefused(t, redis.url, /could not be read: connect ECONNREFUSED 127\.0\.0\.1:\d+\.$/);
});
