import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Seen } from './audit.ts';
import type { ServerProcess } from './server-process.ts';
import type { Site } from './site.ts';
import type { Load } from './wrk.ts';

/** Servers that stand ready to be measured. */
export interface Subject {
  /** The client's connections are shared out among them. */
  servers: readonly ServerProcess[];
  load: Load;
  /** Compares what was answered with what is kept, after the servers have stopped. Answers the faults. */
  audit(seen: Seen): Promise<string[]>;
  /** Something that goes on beside the load; it is called when the load begins and the answer when it ends. */
  beside?: () => () => Promise<void>;
  /** Stops what is not a server. */
  close?: () => Promise<void>;
}

/** How many customers take turns: enough that the same one is never twice in one batch. */
export const CUSTOMERS = 4000;

/** What the client's scripts read; see each of them in `load/`. */
interface LoadFiles {
  /** The name of the script. */
  script: 'place-orders' | 'repeat-orders' | 'read-orders' | 'read-sale' | 'pay-orders';
  tokens: readonly string[];
  /** The customers take them in turn. */
  bodies?: readonly unknown[];
  settings?: Readonly<Record<string, string>>;
}

/** Lays out a load in the turn's folder. */
export function writeLoad(site: Site, servers: readonly ServerProcess[], files: LoadFiles): Load {
  const write = (name: string, lines: readonly string[]) => {
    const path = join(site.folder, name);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
    return path;
  };
  const urls = servers.map((server) => new URL(server.url));
  const first = urls[0];
  if (first === undefined) throw new Error('There is no server to put a load on.');
  const ordersFiles = urls.map((_, thread) => write(`orders-${thread}`, []));
  return {
    url: first.href,
    threads: servers.length,
    script: join(import.meta.dirname, 'load', `${files.script}.lua`),
    ordersFiles,
    settings: {
      SERVERS: urls.map((url) => url.host).join(','),
      TOKENS_FILE: write('tokens', files.tokens),
      BODIES_FILE: write(
        'bodies',
        (files.bodies ?? []).map((body) => JSON.stringify(body)),
      ),
      ORDERS_FILE: join(site.folder, 'orders'),
      ...files.settings,
    },
  };
}
