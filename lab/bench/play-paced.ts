import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOtherAnswers, readLines } from './audit.ts';
import type { PacedResult, PacedTask } from './paced-client.ts';
import { stopAll } from './play-load.ts';
import type { Played } from './row.ts';
import type { Site } from './site.ts';
import type { Subject } from './subject.ts';
import type { LoadResult } from './wrk.ts';

/** Enough that hardly a request waits for a connection while the server keeps up. */
const CONNECTIONS = 512;

const GRACE_MS = 30_000;

/** Latency at a rate that the client keeps whatever the server does. */
export async function playPaced(
  site: Site,
  perSecond: number,
  open: (site: Site) => Promise<Subject>,
): Promise<Played> {
  const subject = await open(site);
  const seen = await runClient(site, subject, perSecond).finally(() => stopAll(subject));
  return { figures: figuresOf(seen, perSecond), faults: await findFaults(subject, seen) };
}

async function runClient(site: Site, subject: Subject, perSecond: number): Promise<PacedResult> {
  const { roundSeconds: seconds, warmUpSeconds } = site.effort;
  const task: PacedTask = {
    ...addressOf(subject),
    tokensFile: subject.load.settings['TOKENS_FILE'] ?? '',
    bodiesFile: subject.load.settings['BODIES_FILE'] ?? '',
    ordersFile: subject.load.ordersFiles[0] ?? '',
    nonce: Date.now().toString(36),
    perSecond,
    warmUpSeconds,
    seconds,
    connections: CONNECTIONS,
  };
  await site.postgres.checkpoint();
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'paced-client.ts')], {
    env: { PATH: process.env['PATH'], TASK: JSON.stringify(task) },
    signal: site.signal,
    timeout: (warmUpSeconds + seconds) * 1000 + GRACE_MS,
  });
  return JSON.parse(stdout) as PacedResult;
}

function addressOf(subject: Subject): { host: string; port: number } {
  const { hostname: host, port } = new URL(subject.load.url);
  return { host, port: Number(port) };
}

function figuresOf(seen: PacedResult, perSecond: number): Record<string, number> {
  return {
    offeredPerSecond: perSecond,
    p50Ms: seen.latencyMs.p50,
    p99Ms: seen.latencyMs.p99,
    maxMs: seen.latencyMs.max,
    p99OverP50: seen.latencyMs.p99 / seen.latencyMs.p50,
    clientLateP50Ms: seen.lateMs.p50,
    clientLateP99Ms: seen.lateMs.p99,
    clientCpuShare: seen.cpuShare,
  };
}

async function findFaults(subject: Subject, { statuses, due, answered, latencyMs }: PacedResult): Promise<string[]> {
  const load: LoadResult = {
    seconds: 1,
    connections: CONNECTIONS,
    statuses,
    transportErrors: due - answered,
    latencyMs,
  };
  const promised = subject.load.ordersFiles.flatMap(readLines);
  const faults = await subject.audit({ counts: 'accepted', loads: [load], promised });
  return [...findOtherAnswers('accepted', load), ...faults];
}
