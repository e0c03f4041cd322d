import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { countAnswers, findOtherAnswers } from './audit.ts';
import { residentMbOf } from './memory.ts';
import { stopAll } from './play-load.ts';
import type { Played } from './row.ts';
import { openSaleReads, openSoldOut } from './scenes.ts';
import type { Site } from './site.ts';
import { runWrk } from './wrk.ts';

/** How long a process that has nothing to do is given until its memory is looked at. */
const REST_MS = 3_000;

/** How many connections are opened at once: within what the system lets wait to be accepted. */
const OPENED_AT_ONCE = 100;

/** Connections that have each read a sale once and are kept open: what they cost the engine. */
export async function playIdleConnections(site: Site): Promise<Played> {
  const subject = await openSaleReads(site);
  const sockets: Socket[] = [];
  try {
    const pid = subject.servers[0]?.pid ?? 0;
    await delay(REST_MS, undefined, { signal: site.signal });
    const before = residentMbOf(pid);
    const url = new URL(`/api/v1/sales/${subject.load.settings['SALE_ID']}`, subject.load.url);
    while (sockets.length < site.effort.idleConnections) {
      const length = Math.min(OPENED_AT_ONCE, site.effort.idleConnections - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length }, () => readOnce(url)))));
    }
    await delay(REST_MS, undefined, { signal: site.signal });
    const residentMb = residentMbOf(pid);
    const closed = sockets.filter((socket) => socket.destroyed).length;
    return {
      figures: { connections: sockets.length, residentBeforeMb: before, residentMb },
      faults: closed > 0 ? [`${closed} connections did not stay open`] : [],
    };
  } finally {
    for (const socket of sockets) socket.destroy();
    await stopAll(subject);
  }
}

/** Reads with a connection of its own and keeps that. */
async function readOnce(url: URL): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error('A sale was not shown.');
  return socket;
}

/** One run of the client. */
const SLICE_SECONDS = 2;

/** So much of the refusals come before the first look: the heap has found its size, and the caches are full. */
const WARM_UP_PART = 10;

/** How long a process may take to give back what it does not need any more. */
const GIVE_BACK_MS = 30_000;
const LOOK_MS = 1_000;

/** What the engine keeps in memory before and after many refusals, both times at rest. */
export async function playManyRefusals(site: Site): Promise<Played> {
  const subject = await openSoldOut(site);
  const faults: string[] = [];
  try {
    const pid = subject.servers[0]?.pid ?? 0;
    const refuse = async (seconds: number, nonce: string) => {
      const load = await runWrk(subject.load, {
        connections: site.effort.connections,
        seconds,
        nonce,
        signal: site.signal,
      });
      faults.push(...findOtherAnswers('refused', load));
      return countAnswers('refused', load);
    };
    const refuseMany = async (least: number, name: string) => {
      let refused = 0;
      for (let slice = 1; refused < least; slice++) refused += await refuse(SLICE_SECONDS, `${name}-${slice}`);
      return refused;
    };
    await refuseMany(site.effort.refusals / WARM_UP_PART, 'warm-up');
    const residentBeforeMb = await restOf(pid, 0, site.signal);
    const refused = await refuseMany(site.effort.refusals, 'measured');
    const residentAtOnceMb = residentMbOf(pid);
    const residentAfterMb = await restOf(pid, residentBeforeMb, site.signal);
    const afterOverBefore = residentAfterMb / residentBeforeMb;
    return { figures: { refused, residentBeforeMb, residentAtOnceMb, residentAfterMb, afterOverBefore }, faults };
  } finally {
    await stopAll(subject);
  }
}

/** The least that the process keeps within the time it has to give back; `enoughMb` ends the wait. */
async function restOf(pid: number, enoughMb: number, signal: AbortSignal): Promise<number> {
  const until = performance.now() + GIVE_BACK_MS;
  let least = residentMbOf(pid);
  while (least > enoughMb && performance.now() < until) {
    await delay(LOOK_MS, undefined, { signal });
    least = Math.min(least, residentMbOf(pid));
  }
  return least;
}
