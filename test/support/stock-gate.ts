import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import { RedisAwayError } from '../../src/gate/circuit-breaker.ts';
import { openRedis, type RedisLink } from '../../src/gate/redis.ts';
import { parseRedisAddress } from '../../src/gate/redis-address.ts';
import { createRedisStockGate, type RedisStockGate } from '../../src/gate/redis-stock-gate.ts';
import type { Attempt, Ending, KeptOrder, LedgerStock } from '../../src/gate/stock-gate.ts';

/** A Redis of any deployment, and the test's own hands on it. */
export interface GateRedis {
  readonly url: string;
  query(command: string, ...args: (string | number)[]): Promise<unknown>;
  flushAll(): Promise<void>;
  scriptFlush(): Promise<void>;
}

/** One ledger and one sale of it, seen by two processes. */
export interface GateCase {
  readonly a: RedisStockGate;
  readonly b: RedisStockGate;
  readonly saleId: string;
  /** The next replies are lost; what was asked was done. */
  loseReplies(count: number): void;
  /** What the gate reported. */
  readonly errors: unknown[];
  /** Of the sale: `stock`, `reserved`, `open`, `units`. */
  read(name: string): Promise<Record<string, string>>;
  /** All that Redis has of the sale but the kept answers, as text. */
  snapshot(): Promise<string>;
  keyOf(name: string): string;
}

export type OpenCase = () => GateCase;

/** No test takes that long, and a busy machine is not a Redis that is away. */
const TIMEOUT_MS = 10_000;

export const RETENTION_SECONDS = 3_600;
/** The hashes of a sale. */
export const NAMES = ['stock', 'reserved', 'open', 'units'];

export function attemptOf(saleId: string, some: Partial<Attempt> = {}): Attempt {
  return {
    operationId: randomUUID(),
    saleId,
    customerId: 'customer',
    placedBy: 'customer',
    idempotencyKey: randomUUID(),
    lines: [{ itemId: 'item', quantity: 1 }],
    ...some,
  };
}

export function stockOf(saleId: string, some: Partial<LedgerStock> = {}): LedgerStock {
  return { saleId, itemId: 'item', available: 10, version: 1, limitPerCustomer: null, ...some };
}

export const keptOrder = (order: object = { id: randomUUID() }): KeptOrder => ({
  fingerprint: 'ab'.repeat(32),
  order: JSON.stringify(order),
});

export async function adviceOf(gate: RedisStockGate, ...attempts: readonly Attempt[]): Promise<string[]> {
  return (await gate.admit(attempts)).map(({ advice }) => advice);
}

export async function tell(gate: RedisStockGate, ...stock: readonly LedgerStock[]): Promise<void> {
  gate.tell(stock);
  await gate.flushed();
}

export async function settle(gate: RedisStockGate, ...endings: readonly Ending[]): Promise<void> {
  gate.settle(endings);
  await gate.flushed();
}

/** Opens cases on a Redis: two links, as two processes have them. */
export async function casesOn(redis: GateRedis): Promise<OpenCase> {
  const links = await Promise.all([openLink(redis.url), openLink(redis.url)]);
  return () => {
    const ledgerId = randomUUID();
    const saleId = randomUUID();
    const errors: unknown[] = [];
    let lost = 0;

    function lossy(link: RedisLink): Pick<RedisLink, 'run'> {
      return {
        async run(...call) {
          const reply = await link.run(...call);
          if (lost <= 0) return reply;
          lost -= 1;
          throw new RedisAwayError('the reply was lost', { asked: true });
        },
      };
    }
    const [a, b] = links.map((link) =>
      createRedisStockGate({
        redis: lossy(link),
        ledgerId,
        retentionSeconds: RETENTION_SECONDS,
        onError: (error) => errors.push(error),
      }),
    );
    if (a === undefined || b === undefined) throw new Error('There are two processes.');
    const keyOf = (name: string) => `doorbuster:{${saleId}}:${ledgerId}:${name}`;
    const read = async (name: string) => toRecord((await redis.query('HGETALL', keyOf(name))) as string[]);

    return {
      a,
      b,
      saleId,
      errors,
      keyOf,
      read,
      loseReplies(count) {
        lost = count;
      },
      async snapshot() {
        return JSON.stringify(await Promise.all(NAMES.map(async (name) => Object.entries(await read(name)).sort())));
      },
    };
  };
}

async function openLink(url: string): Promise<RedisLink> {
  const link = openRedis({ address: parseRedisAddress(url), timeoutMs: TIMEOUT_MS });
  after(() => link.close());
  assert.ok(await link.available(TIMEOUT_MS));
  return link;
}

function toRecord(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index], list[2 * index + 1]]),
  );
}
