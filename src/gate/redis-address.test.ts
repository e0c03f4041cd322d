import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRedisAddress } from './redis-address.ts';

test('each form of an address is read', () => {
  const cases: [string, object][] = [
    ['redis://127.0.0.1', { kind: 'standalone', tls: false, node: { host: '127.0.0.1', port: 6379 }, db: 0 }],
    [
      'rediss://app:p%40ss%2F@cache.example.com:7000/3',
      {
        kind: 'standalone',
        tls: true,
        username: 'app',
        password: 'p@ss/',
        node: { host: 'cache.example.com', port: 7000 },
        db: 3,
      },
    ],
    [
      'redis://:only:password@[::1]:6380/',
      { kind: 'standalone', tls: false, password: 'only:password', node: { host: '::1', port: 6380 }, db: 0 },
    ],
    [
      'redis-sentinel://one,two:26380/shop/1?sentinelPassword=p%26q',
      {
        kind: 'sentinel',
        tls: false,
        sentinels: [
          { host: 'one', port: 26379 },
          { host: 'two', port: 26380 },
        ],
        masterName: 'shop',
        db: 1,
        sentinelPassword: 'p&q',
      },
    ],
    [
      'rediss-cluster://app:secret@10.0.0.1:7000,10.0.0.2',
      {
        kind: 'cluster',
        tls: true,
        username: 'app',
        password: 'secret',
        nodes: [
          { host: '10.0.0.1', port: 7000 },
          { host: '10.0.0.2', port: 6379 },
        ],
      },
    ],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseRedisAddress(text), expected, text);
});

test('what is no address is refused by a sentence, which shows no secret', () => {
  const cases: [string, RegExp][] = [
    ['http://host', /must be redis:\/\//],
    ['redis://', /must be redis:\/\//],
    ['redis://:hunter2@host:0', /must be redis:\/\//],
    ['redis://:hunter2@host:70000', /must be redis:\/\//],
    ['redis://:hunter2@host/first', /database as a number/],
    ['redis://:hunter2@host?db=1', /query/],
    ['redis://:hunter2@one,two', /several hosts/],
    ['redis://hunter2@host', /user without a password/],
    ['redis://:hunter2%@host', /%25/],
    ['redis-sentinel://:hunter2@one,two', /must name the master/],
    ['redis-sentinel://:hunter2@one/shop/0/more', /must name the master/],
    ['redis-sentinel://:hunter2@one/shop?password=hunter2', /other names/],
    ['redis-cluster://:hunter2@one,two/0', /Cluster has neither/],
    ['redis-cluster://:hunter2@one,,two', /must be redis:\/\//],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseRedisAddress(text),
      (error) => error instanceof Error && message.test(error.message) && !error.message.includes('hunter2'),
      text,
    );
  }
});
