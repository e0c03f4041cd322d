import { readFileSync } from 'node:fs';
import type { ServerProcess } from './server-process.ts';

/** What a process keeps in memory now (VmRSS, proc(5)), in MB of 10^6 bytes; 0 when it has ended. */
export function residentMbOf(pid: number): number {
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(readStatus(pid))?.[1] ?? 0) * 1024) / 1e6;
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

const LOOK_MS = 200;

/** Looks again and again until it is stopped. `mostMb` is the most that one of the servers has had in memory. */
export function watchMemory(servers: readonly ServerProcess[]): { mostMb(): number; stop(): void } {
  let most = 0;
  const look = () => {
    most = Math.max(most, ...servers.map((server) => residentMbOf(server.pid)));
  };
  const timer = setInterval(look, LOOK_MS);
  look();
  return { mostMb: () => most, stop: () => clearInterval(timer) };
}
