/**
 * The client with an open loop, a process of its own: it places orders at a rate of its own, whether or not earlier
 * ones were answered. A latency counts from the moment at which the request was due, so one that waits for a free
 * connection, or for a client that was held up, counts with its wait (no coordinated omission).
 *
 * Reads PacedTask as JSON from the environment variable TASK, prints PacedResult as one line of JSON.
 */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createAnswerParser } from './answer-parser.ts';
import { createArrivals } from './arrivals.ts';
import { readLines } from './audit.ts';
import { percentileOf } from './statistics.ts';

/** What is to be sent. */
export interface PacedTask {
  host: string;
  port: number;
  tokensFile: string;
  bodiesFile: string;
  /** The ids of the orders that were promised are written there, one a line. */
  ordersFile: string;
  nonce: string;
  perSecond: number;
  /** They count nothing. */
  warmUpSeconds: number;
  seconds: number;
  connections: number;
}

/** What came of the requests that were due in the measured seconds, and of all: the answers by status code. */
export interface PacedResult {
  due: number;
  answered: number;
  statuses: Record<string, number>;
  latencyMs: { p50: number; p99: number; max: number };
  /** How late this process looked at its clock: what of the latency is its own. */
  lateMs: { p50: number; p99: number };
  /** CPU of this process for each second, over its whole life. */
  cpuShare: number;
}

/** The clock of Node's timers ticks no finer. */
const TICK_MS = 1;
/** An order's answer begins with its id. */
const ORDER_ID = /^\{"id":"([^"]+)"/;

/** How long the last answers are waited for. */
const PATIENCE_MS = 10_000;

console.log(JSON.stringify(await run(JSON.parse(process.env['TASK'] ?? '') as PacedTask)));
process.exit(0);

async function run(task: PacedTask): Promise<PacedResult> {
  const requests = readRequests(task);
  const latenciesMs: number[] = [];
  const latesMs: number[] = [];
  const statuses: Record<string, number> = {};
  const waiting: number[] = [];
  const fromMs = task.warmUpSeconds * 1000;
  const untilMs = fromMs + task.seconds * 1000;
  let sent = 0;
  let due = 0;

  const promised: string[] = [];
  const idle = await openConnections(task, (dueMs, status, body) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    const id = ORDER_ID.exec(body)?.[1];
    if (status === 201 && id !== undefined) promised.push(id);
    if (dueMs >= fromMs) latenciesMs.push(now() - dueMs);
  });
  const startedAt = performance.now();
  function now(): number {
    return performance.now() - startedAt;
  }
  const sendWaiting = () => {
    while (waiting.length > 0) {
      const send = idle.take();
      if (send === undefined) return;
      send(requests.next(sent++), waiting.shift() ?? 0);
    }
  };
  idle.onFree = sendWaiting;

  const arrivals = createArrivals(task.perSecond);
  while (now() < untilMs) {
    const nowMs = Math.min(now(), untilMs);
    for (const dueMs of arrivals(nowMs)) {
      waiting.push(dueMs);
      if (dueMs < fromMs) continue;
      due += 1;
      latesMs.push(nowMs - dueMs);
    }
    sendWaiting();
    await delay(TICK_MS);
  }
  while (latenciesMs.length < due && now() < untilMs + PATIENCE_MS) await delay(TICK_MS);
  writeFileSync(task.ordersFile, promised.map((id) => `${id}\n`).join(''));
  const cpu = process.cpuUsage();
  return {
    due,
    answered: latenciesMs.length,
    statuses,
    latencyMs: {
      p50: percentileOf(latenciesMs, 50),
      p99: percentileOf(latenciesMs, 99),
      max: percentileOf(latenciesMs, 100),
    },
    lateMs: { p50: percentileOf(latesMs, 50), p99: percentileOf(latesMs, 99) },
    cpuShare: (cpu.user + cpu.system) / 1e6 / process.uptime(),
  };
}

/** All that does not change is put together before. */
function readRequests({ tokensFile, bodiesFile, nonce, host, port }: PacedTask) {
  const tokens = readLines(tokensFile);
  const body = readLines(bodiesFile)[0] ?? '';
  const heads = tokens.map(
    (token) =>
      `POST /api/v1/orders HTTP/1.1\r\nHost: ${host}:${port}\r\nAuthorization: Bearer ${token}\r\nIdempotency-Key: ${nonce}-`,
  );
  const tail = `\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  return { next: (number: number) => `${heads[number % heads.length]}${number}${tail}` };
}

type Send = (request: string, dueMs: number) => void;

/** Connections of which each has one request under way at most. A broken one ends the process: the figure is void. */
async function openConnections(task: PacedTask, onAnswer: (dueMs: number, status: number, body: string) => void) {
  const free: Send[] = [];
  const pool = { take: () => free.pop(), onFree: () => {} };
  const open = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(task.port, task.host);
      let dueMs = 0;
      const send: Send = (request, itsDueMs) => {
        dueMs = itsDueMs;
        socket.write(request, 'latin1');
      };
      const parse = createAnswerParser((status, body) => {
        onAnswer(dueMs, status, body);
        free.push(send);
        pool.onFree();
      });
      socket.setNoDelay(true).setEncoding('latin1').on('data', parse);
      socket.once('error', reject);
      socket.once('close', () => {
        throw new Error('The server has closed a connection.');
      });
      socket.once('connect', () => {
        free.push(send);
        resolve();
      });
    });
  await Promise.all(Array.from({ length: task.connections }, open));
  return pool;
}
