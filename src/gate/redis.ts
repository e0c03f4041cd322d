import { Cluster, type ClusterOptions, Redis, type RedisOptions, ReplyError } from 'ioredis';
import { type BreakerState, createCircuitBreaker, RedisAwayError } from './circuit-breaker.ts';
import { disconnect } from './disconnect.ts';
import { findConnectionFault } from './find-connection-fault.ts';
import { findServerRisks } from './find-server-risks.ts';
import type { RedisAddress } from './redis-address.ts';
import { readScript, type Script } from './script.ts';

export type RedisClient = Redis | Cluster;

/** The one way to Redis, behind its circuit breaker. Nothing here ever rejects unhandled. */
export interface RedisLink {
  /**
   * Runs `work`, which may ask several things; all of it together gets the time of one call.
   * @throws {RedisAwayError} at once while the breaker is not closed; when Redis does not answer in time, and then the
   * outcome is unknown: it may have been done, or be done a little later, once; when it answers that it cannot.
   * Other errors (a mistake in a script, a key of another type) pass as they are.
   */
  call<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result>;

  /** Runs a script, within a `call`. In a Cluster all of its keys must have one hash tag. */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;

  /** The breaker's state. It is `open` until Redis has answered for the first time. */
  state(): BreakerState;

  /**
   * Calls back whenever Redis may have become another than it was: the breaker has closed (also the first time), or a
   * connection was lost and made anew. It may be empty, or as old as its last snapshot.
   */
  onAvailable(callback: () => void): void;

  /** Resolves when Redis answers, or after `waitMs`: whether it does. */
  available(waitMs: number): Promise<boolean>;

  /** What about the servers is worth a line at start, in sentences; why none answers, where that is so. Never rejects. */
  checkServer(): Promise<readonly string[]>;

  /** Ends all connections, within a second also when Redis hangs. What is under way is rejected. */
  close(): Promise<void>;
}

/** How long a connection may take until it counts as failed. */
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * A connection on which nothing came for this long, though something was asked, is given up and made anew: the other
 * side may be gone without a word, and only a new connection finds out who has taken its place.
 */
const SILENCE_MS_MAX = 2_000;

/** How long a closed connection waits for the other side to agree. */
const DISCONNECT_TIMEOUT_MS = 200;

/** Between two attempts to connect: soon after the first failure, then at most this. */
const RECONNECT_DELAY_MS_MAX = 1_000;

/** How often the nodes of a Cluster are asked who has which slots: a failover is noticed that late at most. */
const SLOTS_REFRESH_INTERVAL_MS = 1_000;

/** Connections that are made anew in so short a time are one event. */
const ANNOUNCE_DELAY_MS = 100;

/** Different messages about connections that are kept apart. */
const REPORTED_MAX = 100;

/** How long closing waits for the connections' own end. */
const CLOSE_TIMEOUT_MS = 500;

const PROBE = readScript('probe');
/** Longer than between two probes; after that nothing is left of them. */
const PROBE_TTL_MS = 10_000;

/**
 * Hash tags whose slots are evenly spread over all 16384: number n has its slot in the n-th sixteenth. A probe asks
 * for all of them, so that it finds the dead one of up to 16 masters of equal share.
 */
const PROBE_TAGS = 'p60 p42 p11 p3 p61 p43 p10 p2 p62 p40 p13 p1 p63 p41 p12 p0'.split(' ');

/**
 * Opens the link. It connects by itself, now and whenever it must; the engine starts without Redis, too.
 *
 * `timeoutMs` is how long one call may take. `onError` gets what goes wrong in and between the calls; one and the same
 * message comes once until the breaker closes again.
 */
export function openRedis(options: {
  readonly address: RedisAddress;
  readonly timeoutMs: number;
  readonly onState?: (state: BreakerState) => void;
  readonly onError?: (error: Error) => void;
}): RedisLink {
  const { address, timeoutMs, onState, onError } = options;
  const client = createClient(address, timeoutMs);
  const callbacks = new Set<() => void>();
  const reported = new Set<string>();
  /** The calls under way: how to reject each of them. */
  const pending = new Set<(reason: RedisAwayError) => void>();
  let closing: Promise<void> | undefined;
  let lastError: string | undefined;

  const breaker = createCircuitBreaker({
    probe: () => withDeadline(() => probe(client, address)),
    isFailure: isAway,
    onState(state) {
      onState?.(state);
      if (state !== 'closed') return;
      reported.clear();
      announce();
    },
  });

  let announcement: NodeJS.Timeout | undefined;

  function announce(): void {
    clearTimeout(announcement);
    announcement = undefined;
    for (const callback of callbacks) callback();
  }

  function report(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    lastError = message;
    if (closing !== undefined || reported.has(message) || reported.size >= REPORTED_MAX) return;
    reported.add(message);
    onError?.(error instanceof Error ? error : new Error(message));
  }

  watch(client, {
    onError: report,
    onConnected() {
      if (breaker.state() === 'closed') announcement ??= setTimeout(announce, ANNOUNCE_DELAY_MS).unref();
      else breaker.hurry();
    },
  });

  /** The client has a time-out of its own, but what waits behind a pipeline waits for that one's first. */
  function withDeadline<Result>(work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        clearTimeout(timer);
        pending.delete(fail);
        // Before the first connection there is nothing to tell.
        if (client.status === 'ready' && isAway(error)) report(error);
        reject(error);
      };
      const timer = setTimeout(
        () => fail(new RedisAwayError(`no answer in ${timeoutMs} ms`, { asked: true })),
        timeoutMs,
      );
      pending.add(fail);
      work().then((result) => {
        clearTimeout(timer);
        pending.delete(fail);
        resolve(result);
      }, fail);
    });
  }

  const call: RedisLink['call'] = (work) => breaker.call(() => withDeadline(async () => work(client)));

  async function end(): Promise<void> {
    breaker.close();
    clearTimeout(announcement);
    for (const reject of pending) reject(new RedisAwayError('the engine stops', { asked: true }));
    if (client.status === 'end') return;
    const ended = new Promise<void>((resolve) => {
      // A client that waits to connect again ends without a word.
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      client.once('end', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    disconnect(client);
    await ended;
  }

  return {
    call,
    run: (script, keys, args) => call((connected) => evaluate(connected, script, keys, args)),
    state: breaker.state,
    onAvailable(callback) {
      callbacks.add(callback);
    },
    available: (waitMs) =>
      new Promise((resolve) => {
        if (breaker.state() === 'closed') return resolve(true);
        const timer = setTimeout(done, waitMs);
        function done(): void {
          clearTimeout(timer);
          callbacks.delete(done);
          resolve(breaker.state() === 'closed');
        }
        callbacks.add(done);
      }),
    async checkServer() {
      try {
        return findServerRisks(await call(readInfos));
      } catch (error) {
        const fault = (await findConnectionFault(address)) ?? lastError ?? String(error);
        return [`What kind of Redis this is could not be read: ${fault}.`];
      }
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
}

function createClient(address: RedisAddress, timeoutMs: number): RedisClient {
  const { tls, username, password } = address;
  const common = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    commandTimeout: timeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_MS_MAX,
    maxRetriesPerRequest: 1,
    // A script whose reply was lost may have run: whoever asked decides what that means.
    autoResendUnfulfilledCommands: false,
    // A master that was demoted: look for the new one, and send nothing again.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
  const single = {
    ...common,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    retryStrategy: reconnectDelayMs,
  } satisfies RedisOptions;

  switch (address.kind) {
    case 'standalone':
      return new Redis({ ...single, ...address.node, db: address.db });
    case 'sentinel':
      return new Redis({
        ...single,
        db: address.db,
        name: address.masterName,
        sentinels: address.sentinels.map((node) => ({ ...node })),
        ...(address.sentinelUsername === undefined ? {} : { sentinelUsername: address.sentinelUsername }),
        ...(address.sentinelPassword === undefined ? {} : { sentinelPassword: address.sentinelPassword }),
        ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
        sentinelCommandTimeout: timeoutMs,
        sentinelRetryStrategy: reconnectDelayMs,
      });
    case 'cluster':
      return new Cluster(
        address.nodes.map((node) => ({ ...node })),
        {
          enableOfflineQueue: false,
          enableAutoPipelining: true,
          // The breaker's probe asks for more, and does not fail because a node is still connecting.
          enableReadyCheck: false,
          slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
          clusterRetryStrategy: reconnectDelayMs,
          // By default a script is sent again when its connection closes before the reply.
          retryDelayOnFailover: 0,
          // Names stay names, for the certificates.
          ...(tls ? { dnsLookup: (name, done) => done(null, name) } : {}),
          redisOptions: common,
        } satisfies ClusterOptions,
      );
  }
}

const reconnectDelayMs = (attempt: number) => Math.min(50 * attempt, RECONNECT_DELAY_MS_MAX);

/** Listens to all that a client tells, which also keeps its errors from ending the process. */
function watch(client: RedisClient, on: { onError: (error: unknown) => void; onConnected: () => void }): void {
  client.on('error', on.onError);
  client.on('sentinelError', on.onError);
  client.on('ready', on.onConnected);
  if (client.isCluster) {
    client.on('node error', on.onError);
    client.on('+node', (node: Redis) => {
      if (!node.options.readOnly) node.on('ready', on.onConnected);
      // A node connects on its first command, and until it has, others are refused.
      setImmediate(() => {
        if (node.status === 'wait') node.connect().catch(on.onError);
      });
    });
  }
}

/** EVALSHA, and EVAL where Redis has forgotten the script (or never seen it), which teaches it again. */
async function evaluate(
  client: RedisClient,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (codeOf(error) !== 'NOSCRIPT') throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}

async function probe(client: RedisClient, { kind }: RedisAddress): Promise<void> {
  const tags = kind === 'cluster' ? PROBE_TAGS : PROBE_TAGS.slice(0, 1);
  await Promise.all(tags.map((tag) => evaluate(client, PROBE, [`doorbuster:{${tag}}:probe`], [PROBE_TTL_MS])));
}

/** What each master tells of itself. */
function readInfos(client: RedisClient): Promise<string[]> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  return Promise.all(nodes.map((node) => node.info()));
}

/** Replies that tell of a mistake in what was asked; Redis itself is well. */
const MISTAKES = new Set(['ERR', 'WRONGTYPE', 'CROSSSLOT', 'NOSCRIPT', 'EXECABORT']);

/** Every other error: connections and time-outs, and replies like LOADING, OOM, READONLY, MISCONF or CLUSTERDOWN. */
function isAway(error: unknown): boolean {
  return error instanceof Error && !MISTAKES.has(codeOf(error) ?? '');
}

/** The first word of an error that Redis replied. */
function codeOf(error: unknown): string | undefined {
  return error instanceof ReplyError ? (error as Error).message.split(' ', 1)[0] : undefined;
}
