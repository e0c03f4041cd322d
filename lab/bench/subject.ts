import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProcess } from './server-process.ts';
import type { Load } from './wrk.ts';

/** What a server under test is given for one round. */
export interface Site {
  /** An empty database, for this round only. */
  databaseUrl: string;
  /** A temporary folder for the files of the load. */
  folder: string;
}

/** A server that stands ready to be measured. */
export interface Subject {
  server: ServerProcess;
  load: Load;
  /** Orders in the database before the load; undefined where the server keeps none. */
  ordersBefore: number | undefined;
}

/** How many customers take turns: enough that the same one is never twice in one batch. */
export const CUSTOMERS = 4000;

/** Lays out the load of placing orders: one customer's token after the other, one body for all. */
export function writeOrderLoad(site: Site, server: ServerProcess, tokens: readonly string[], body: unknown): Load {
  const tokensFile = join(site.folder, 'tokens');
  const bodyFile = join(site.folder, 'body.json');
  writeFileSync(tokensFile, `${tokens.join('\n')}\n`);
  writeFileSync(bodyFile, JSON.stringify(body));
  const script = join(import.meta.dirname, 'place-order.lua');
  const ordersFile = join(site.folder, 'orders');
  return { url: `${server.url}/api/v1/orders`, script, tokensFile, bodyFile, ordersFile };
}
