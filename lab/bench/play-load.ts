import { countAnswers, findOtherAnswers, readLines } from './audit.ts';
import { cpuSecondsOfEndedChildren, cpuSecondsOfMachine, cpuSecondsOfTree } from './cpu-time.ts';
import { watchMemory } from './memory.ts';
import type { CpuSeconds, LoadRow, Played } from './row.ts';
import type { Site } from './site.ts';
import type { Subject } from './subject.ts';
import { type LoadResult, runWrk } from './wrk.ts';

/** Plays one turn of a row under load: load to warm up, the measured load, an orderly stop, and the audit. */
export async function playLoad(site: Site, row: LoadRow): Promise<Played> {
  const subject = await row.open(site);
  const connections = row.connections ?? site.effort.connections;
  const run = await putUnderLoad(site, subject, connections);
  const { measured, warmUp, cpuSeconds } = run;
  const promised = subject.load.ordersFiles.flatMap(readLines);
  const faults = findOtherAnswers(row.counts, measured);
  faults.push(...(await subject.audit({ counts: row.counts, loads: [warmUp, measured], promised })));
  const counted = countAnswers(row.counts, measured);
  const load = { counted, perSecond: counted / measured.seconds, seen: measured, cpuSeconds };
  return { load, figures: { residentMb: run.residentMb }, faults };
}

/** Puts the load on and stops the servers, whatever happens in between. */
async function putUnderLoad(site: Site, subject: Subject, connections: number) {
  const { roundSeconds, warmUpSeconds } = site.effort;
  const nonce = Date.now().toString(36);
  const pressure = { connections, signal: site.signal };
  try {
    await site.postgres.checkpoint();
    const warmUp = await runWrk(subject.load, { ...pressure, seconds: warmUpSeconds, nonce: `${nonce}-warm-up` });
    const sentBefore = answersOf(warmUp) + connections;
    return { warmUp, ...(await measure(site, subject, { ...pressure, seconds: roundSeconds, nonce, sentBefore })) };
  } finally {
    await stopAll(subject);
  }
}

/** One measured run of the client, with what it cost. */
export async function measure(
  site: Pick<Site, 'postgres' | 'redis'>,
  subject: Subject,
  pressure: Parameters<typeof runWrk>[1],
): Promise<{ measured: LoadResult; cpuSeconds: CpuSeconds; residentMb: number }> {
  const stopBeside = subject.beside?.();
  const memory = watchMemory(subject.servers);
  try {
    const before = readCpu(site, subject);
    const measured = await runWrk(subject.load, pressure);
    const cpuSeconds = cpuBetween(before, readCpu(site, subject));
    return { measured, cpuSeconds, residentMb: memory.mostMb() };
  } finally {
    memory.stop();
    await stopBeside?.();
  }
}

/** Stops the servers in good order, and what serves them. */
export async function stopAll(subject: Subject): Promise<void> {
  try {
    for (const server of subject.servers) await server.stop();
  } finally {
    await subject.close?.();
  }
}

function answersOf(load: LoadResult): number {
  return Object.values(load.statuses).reduce((total, count) => total + count, 0);
}

function readCpu(site: Pick<Site, 'postgres' | 'redis'>, subject: Subject) {
  const own = process.cpuUsage();
  return {
    // wrk is the only child that ends between two readings.
    client: cpuSecondsOfEndedChildren() + (own.user + own.system) / 1e6,
    server: subject.servers.reduce((total, { pid }) => total + cpuSecondsOfTree(pid), 0),
    postgres: cpuSecondsOfTree(site.postgres.pid),
    redis: site.redis === undefined ? 0 : cpuSecondsOfTree(site.redis.pid),
    machine: cpuSecondsOfMachine(),
  };
}

function cpuBetween(before: ReturnType<typeof readCpu>, after: ReturnType<typeof readCpu>): CpuSeconds {
  const client = after.client - before.client;
  const server = after.server - before.server;
  const postgres = after.postgres - before.postgres;
  const redis = after.redis - before.redis;
  const busy = after.machine.busy - before.machine.busy;
  const others = Math.max(0, busy - client - server - postgres - redis);
  return { client, server, postgres, redis, others, stolen: after.machine.stolen - before.machine.stolen };
}
