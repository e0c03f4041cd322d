import { readdirSync, readFileSync } from 'node:fs';

/** The unit of the times in /proc, fixed at 100 a second for user space (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;

interface ProcessTimes {
  pid: number;
  parentPid: number;
  /** Its own time, user and system. */
  ownTicks: number;
  /** The time of its children that have ended and been waited for, with their children. */
  reapedTicks: number;
}

/**
 * CPU seconds of a process and all that it has started, ended ones included: PostgreSQL is a tree of processes
 * whose members come and go.
 */
export function cpuSecondsOfTree(rootPid: number): number {
  const byParent = Map.groupBy(listProcesses(), (process) => process.parentPid);
  const root = readProcess(rootPid);
  let ticks = 0;
  const open = root === undefined ? [] : [root];
  for (let process = open.pop(); process !== undefined; process = open.pop()) {
    ticks += process.ownTicks + process.reapedTicks;
    open.push(...(byParent.get(process.pid) ?? []));
  }
  return ticks / TICKS_PER_SECOND;
}

/** CPU seconds of the children of this process that have ended: the difference over one child's life is its cost. */
export function cpuSecondsOfEndedChildren(): number {
  return (readProcess(process.pid)?.reapedTicks ?? 0) / TICKS_PER_SECOND;
}

/** Busy CPU seconds of the whole machine, of everybody on it, and those that the hypervisor gave to others. */
export function cpuSecondsOfMachine(): { busy: number; stolen: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  // user nice system idle iowait irq softirq steal (proc(5)); guest time is part of user.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/\s+/).slice(1).map(Number);
  return { busy: (user + nice + system + irq + softirq) / TICKS_PER_SECOND, stolen: steal / TICKS_PER_SECOND };
}

function listProcesses(): ProcessTimes[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((process) => process !== undefined);
}

/** One line of /proc/<pid>/stat; undefined when the process has just ended. */
function readProcess(pid: number): ProcessTimes | undefined {
  const line = readStat(pid);
  if (line === undefined) return undefined;
  // The name of the program, in brackets, may hold spaces and brackets itself: the fields start after the last one.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [parentPid = 0] = fields.slice(1).map(Number);
  const [user = 0, system = 0, reapedUser = 0, reapedSystem = 0] = fields.slice(11).map(Number);
  return { pid, parentPid, ownTicks: user + system, reapedTicks: reapedUser + reapedSystem };
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
}
