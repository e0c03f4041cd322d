import { randomBytes, randomUUID } from 'node:crypto';
import nodeOptions from '../../scripts/node-options.json' with { type: 'json' };
import { type ServerProcess, startServer } from './server-process.ts';
import type { Site } from './site.ts';

/** Engine processes on one ledger, with their operator signed in. */
export interface Engine {
  servers: readonly ServerProcess[];
  /** `POST`s to the API. Anything but a 2xx throws with the engine's own words. */
  call<Answer>(path: string, body: unknown, accessToken?: string): Promise<Answer>;
  stop(): Promise<void>;
}

interface EngineOptions {
  /** How many processes. */
  processes?: number;
  settings?: Readonly<Record<string, string>>;
}

/** The same for all turns: an account that is there keeps its password. */
const operator = { email: 'bench@example.com', password: randomBytes(18).toString('base64url') };

/** Starts engine processes, one after the other: the first makes the tables. Redis is used where the row has one. */
export async function startEngine(site: Site, { processes = 1, settings = {} }: EngineOptions = {}): Promise<Engine> {
  const servers: ServerProcess[] = [];
  const stop = async () => {
    for (const server of servers) await server.stop();
  };
  try {
    while (servers.length < processes) {
      servers.push(
        await startServer('src/cli.ts', settingsOf(site, settings), [...nodeOptions, ...site.nodeArguments]),
      );
    }
    const post = callerOf(servers[0]?.url ?? '');
    const { accessToken } = await post<{ accessToken: string }>('sessions', operator);
    return { servers, stop, call: (path, body, token = accessToken) => post(path, body, token) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Development, because production wants secrets of its own; the rest is as it comes, with everything on. */
function settingsOf(site: Site, settings: Readonly<Record<string, string>>): Record<string, string> {
  return {
    DATABASE_URL: site.databaseUrl,
    DATA_DIR: site.folder,
    NODE_ENV: 'development',
    LOG_LEVEL: 'warn',
    OPERATOR_EMAIL: operator.email,
    OPERATOR_PASSWORD: operator.password,
    ...(site.redis === undefined ? {} : { REDIS_URL: site.redis.url }),
    ...settings,
  };
}

function callerOf(url: string) {
  return async <Answer>(path: string, body: unknown, accessToken?: string): Promise<Answer> => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
        ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    if (!response.ok) throw new Error(`POST ${path} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Answer;
  };
}
