import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countAnswers, findMiscounts, findOtherAnswers, listOrderIds } from './audit.ts';
import { cpuSecondsOfEndedChildren, cpuSecondsOfMachine, cpuSecondsOfTree } from './cpu-time.ts';
import type { Options } from './options.ts';
import type { Postgres } from './postgres.ts';
import type { Row } from './rows.ts';
import type { Subject } from './subject.ts';
import { type LoadResult, runWrk } from './wrk.ts';

/** CPU seconds during the measured part of a round, and who used them. */
interface CpuSeconds {
  client: number;
  server: number;
  postgres: number;
  /** Everybody else on the machine: with much of it, the figure says little. */
  others: number;
  /** Given to other machines by the hypervisor. */
  stolen: number;
}

/** One turn of one row. */
export interface Round {
  row: string;
  number: number;
  /** Answers of the kind that the row counts. */
  counted: number;
  perSecond: number;
  load: LoadResult;
  cpuSeconds: CpuSeconds;
  /** Why the figure must not be used; empty for a sound round. */
  faults: string[];
}

/** What the rounds are played on. */
interface Arena {
  postgres: Postgres;
  folder: string;
  options: Pick<Options, 'rounds' | 'connections' | 'roundSeconds' | 'warmUpSeconds'>;
  signal: AbortSignal;
}

/** Takes the rows in turn, round by round. A row that fails is left out from then on, with its reason; the others go on. */
export async function playInTurns(
  arena: Arena,
  rows: readonly Row[],
  say: (line: string) => void,
): Promise<{ rounds: Round[]; failures: Map<string, string> }> {
  const rounds: Round[] = [];
  const failures = new Map<string, string>();
  for (let number = 1; number <= arena.options.rounds; number++) {
    for (const row of rows.filter(({ name }) => !failures.has(name))) {
      const turn = `${number}/${arena.options.rounds} ${row.name}`;
      try {
        const round = await playRound(arena, row, number);
        rounds.push(round);
        say(`${turn}: ${Math.round(round.perSecond)}/s ${round.faults.join(', ')}`);
      } catch (error) {
        if (arena.signal.aborted) throw new Error('Stopped.');
        const reason = error instanceof Error ? error.message : String(error);
        failures.set(row.name, reason);
        say(`${turn} failed: ${reason}`);
      }
    }
  }
  return { rounds, failures };
}

/**
 * Plays one round of a row: a fresh database, a fresh process, load to warm up, the measured load, an orderly stop,
 * and the count of the orders against the answers.
 */
async function playRound(arena: Arena, row: Row, number: number): Promise<Round> {
  const database = `${row.name}-${number}`;
  const folder = mkdtempSync(join(arena.folder, 'round-'));
  const databaseUrl = await arena.postgres.createDatabase(database);
  try {
    const subject = await row.open({ databaseUrl, folder });
    const loads = await putUnderLoad(arena, subject, number);
    const faults = findOtherAnswers(row, loads.measured);
    if (subject.ordersBefore !== undefined) {
      const kept = { ids: await listOrderIds(databaseUrl), before: subject.ordersBefore };
      const promised = readFileSync(subject.load.ordersFile, 'utf8').split('\n').filter(Boolean);
      faults.push(...findMiscounts(row, [loads.warmUp, loads.measured], promised, kept));
    }
    const counted = countAnswers(row, loads.measured);
    const perSecond = counted / loads.measured.seconds;
    return { row: row.name, number, counted, perSecond, load: loads.measured, cpuSeconds: loads.cpuSeconds, faults };
  } finally {
    await arena.postgres.dropDatabase(database);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts the load on and stops the server, whatever happens in between. */
async function putUnderLoad(arena: Arena, subject: Subject, number: number) {
  const { connections, roundSeconds, warmUpSeconds } = arena.options;
  const nonce = `${Date.now().toString(36)}-${number}`;
  const pressure = { connections, signal: arena.signal };
  try {
    await arena.postgres.checkpoint();
    const warmUp = await runWrk(subject.load, { ...pressure, seconds: warmUpSeconds, nonce: `${nonce}-warm-up` });
    const before = readCpu(arena, subject);
    const measured = await runWrk(subject.load, { ...pressure, seconds: roundSeconds, nonce });
    const after = readCpu(arena, subject);
    return { warmUp, measured, cpuSeconds: cpuBetween(before, after) };
  } finally {
    await subject.server.stop();
  }
}

function readCpu(arena: Arena, subject: Subject) {
  return {
    // The client is the only child that ends between two readings.
    client: cpuSecondsOfEndedChildren(),
    server: cpuSecondsOfTree(subject.server.pid),
    postgres: cpuSecondsOfTree(arena.postgres.pid),
    machine: cpuSecondsOfMachine(),
  };
}

function cpuBetween(before: ReturnType<typeof readCpu>, after: ReturnType<typeof readCpu>): CpuSeconds {
  const client = after.client - before.client;
  const server = after.server - before.server;
  const postgres = after.postgres - before.postgres;
  const busy = after.machine.busy - before.machine.busy;
  const others = Math.max(0, busy - client - server - postgres);
  return { client, server, postgres, others, stolen: after.machine.stolen - before.machine.stolen };
}
