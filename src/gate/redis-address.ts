/** Where Redis is, from one address; see `parseRedisAddress`. */
export type RedisAddress = {
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
} & (
  | { readonly kind: 'standalone'; readonly node: RedisNode; readonly db: number }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisNode[];
      readonly masterName: string;
      readonly db: number;
      readonly sentinelUsername?: string;
      readonly sentinelPassword?: string;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] }
);

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

const FORMS =
  'redis://host:port/db, redis-sentinel://host:port,host:port/master-name/db or redis-cluster://host:port,host:port ' +
  '(rediss… for TLS; user:password@ before the first host)';

const SHAPE =
  /^(?<scheme>rediss?(?:-sentinel|-cluster)?):\/\/(?:(?<credentials>[^/?#]*)@)?(?<hosts>[^/?#@]*)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;

const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;

/**
 * Reads an address of a Redis: standalone, behind Sentinels, or a Cluster. User and password are percent-encoded where
 * they contain `/`, `?`, `#`, `%` or, in the user, a colon. They are for Redis; Sentinels that want some of their own
 * get them by `?sentinelUsername=…&sentinelPassword=…`.
 * @throws a sentence that completes "REDIS_URL …" and shows no secret.
 */
export function parseRedisAddress(text: string): RedisAddress {
  const parts = SHAPE.exec(text)?.groups;
  if (parts === undefined) throw new Error(`must be ${FORMS}`);
  const { scheme = '', credentials, hosts = '', path = '', query } = parts;
  const tls = scheme.startsWith('rediss');
  const kind = scheme.split('-')[1] ?? 'standalone';
  if (query !== undefined && kind !== 'sentinel') throw new Error('has a query, which only Sentinel has');
  const common = { tls, ...readCredentials(credentials) };
  const nodes = hosts.split(',').map((host) => readNode(host, kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT));

  if (kind === 'cluster') {
    if (path !== '') throw new Error('names a database or a master, and a Cluster has neither');
    return { ...common, kind, nodes };
  }
  if (kind === 'sentinel') {
    const [masterName = '', db = '', ...rest] = path.split('/');
    if (masterName === '' || rest.length > 0) throw new Error('must name the master after the Sentinels: /master-name');
    return {
      ...common,
      ...readSentinelCredentials(query ?? ''),
      kind,
      sentinels: nodes,
      masterName: decode(masterName),
      db: readDb(db),
    };
  }
  const [node, ...others] = nodes;
  if (node === undefined || others.length > 0) {
    throw new Error('has several hosts, which only redis-sentinel:// and redis-cluster:// have');
  }
  return { ...common, kind: 'standalone', node, db: readDb(path) };
}

function readNode(text: string, defaultPort: number): RedisNode {
  const match = /^(?:\[(?<six>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/i.exec(text)?.groups;
  const port = match?.['port'] === undefined ? defaultPort : Number(match['port']);
  const host = match?.['six'] ?? match?.['name'];
  if (host === undefined || port < 1 || port > 65_535) throw new Error(`must be ${FORMS}`);
  return { host, port };
}

function readDb(text: string): number {
  if (!/^\d{0,5}$/.test(text)) throw new Error('must give the database as a number');
  return Number(text);
}

function readCredentials(text: string | undefined): { username?: string; password?: string } {
  if (text === undefined || text === '') return {};
  const colon = text.indexOf(':');
  if (colon < 0) throw new Error('has a user without a password');
  const username = decode(text.slice(0, colon));
  return { ...(username === '' ? {} : { username }), password: decode(text.slice(colon + 1)) };
}

const SENTINEL_CREDENTIALS = ['sentinelUsername', 'sentinelPassword'] as const;

function readSentinelCredentials(query: string): { sentinelUsername?: string; sentinelPassword?: string } {
  const found: { sentinelUsername?: string; sentinelPassword?: string } = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const known = SENTINEL_CREDENTIALS.find((each) => each === name);
    if (known === undefined) throw new Error(`has a query with other names than ${SENTINEL_CREDENTIALS.join(', ')}`);
    found[known] = value;
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('has a percent sign that encodes nothing; write it as %25');
  }
}
