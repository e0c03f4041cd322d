import { setTimeout as delay } from 'node:timers/promises';
import { countAnswers, findOtherAnswers } from './audit.ts';
import { stopAll } from './play-load.ts';
import { queryOnce } from './query-once.ts';
import type { Played } from './row.ts';
import { openPaying, openPlacing } from './scenes.ts';
import type { Site } from './site.ts';
import type { Subject } from './subject.ts';
import { runWrk } from './wrk.ts';

/** How long the engine may take to tell of all events, which empties the outbox. */
const OUTBOX_DEADLINE_MS = 120_000;
const LOOK_MS = 200;

/** Bytes by which all tables and indexes grow for each order that is placed, and for each payment of one. */
export async function playSize(site: Site): Promise<Played> {
  const placed = await growth(site, await openPlacing(site));
  const figures = { orders: placed.done, bytesPerOrder: placed.bytes / placed.done };
  const tables = Object.entries(placed.byTable).map(([table, bytes]) => [`${table}Bytes`, bytes / placed.done]);
  return { figures: { ...figures, ...Object.fromEntries(tables) }, faults: placed.faults };
}

/** The same for paying. */
export async function playSizeOfPaying(site: Site): Promise<Played> {
  const paid = await growth(site, await openPaying(site));
  return { figures: { payments: paid.done, bytesPerPayment: paid.bytes / paid.done }, faults: paid.faults };
}

async function growth(site: Site, subject: Subject) {
  try {
    const before = await sizesOf(site);
    const { connections, roundSeconds: seconds, warmUpSeconds } = site.effort;
    const load = await runWrk(subject.load, {
      connections,
      seconds: seconds + warmUpSeconds,
      nonce: 'size',
      signal: site.signal,
    });
    await untilToldOf(site);
    const after = await sizesOf(site);
    const byTable = Object.fromEntries(
      Object.entries(after)
        .map(([table, bytes]): [string, number] => [table, bytes - (before[table] ?? 0)])
        .filter(([, bytes]) => bytes > 0),
    );
    const bytes = Object.values(byTable).reduce((total, each) => total + each, 0);
    return { done: countAnswers('accepted', load), bytes, byTable, faults: findOtherAnswers('accepted', load) };
  } finally {
    await stopAll(subject);
  }
}

/** Vacuumed, because what is dead is used again; not compacted, because nobody compacts a ledger. */
async function sizesOf({ databaseUrl, postgres }: Site): Promise<Record<string, number>> {
  await queryOnce(databaseUrl, 'VACUUM');
  await postgres.checkpoint();
  const rows = await queryOnce<{ name: string; bytes: string }>(
    databaseUrl,
    `SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes)]));
}

async function untilToldOf({ databaseUrl, signal }: Site): Promise<void> {
  const until = performance.now() + OUTBOX_DEADLINE_MS;
  for (;;) {
    const [row] = await queryOnce<{ told: boolean }>(databaseUrl, 'SELECT NOT EXISTS (TABLE outbox) AS told');
    if (row?.told) return;
    if (performance.now() > until) throw new Error('The outbox was not emptied in time.');
    await delay(LOOK_MS, undefined, { signal });
  }
}
