import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAtExit } from './at-exit.ts';
import { send } from './client.ts';
import { freePort } from './postgres.ts';

/** The files that users are given. */
export const MONITORING = fileURLToPath(new URL('../../examples/monitoring/', import.meta.url));

const PROMETHEUS = '/usr/bin/prometheus';
const PROMTOOL = '/usr/bin/promtool';
const ALERTMANAGER = '/usr/bin/prometheus-alertmanager';
const AMTOOL = '/usr/bin/amtool';

/** How long the tests wait for a server, and for what it has to find out. */
const PATIENCE_MS = 30_000;

/** What `promtool check metrics` has to say of a text, line by line; nothing when all is well. */
export function checkMetrics(text: string): string[] {
  const { stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}

/** Runs promtool or amtool in a folder; what it said, and whether it was content. */
function runTool(
  program: string,
  args: readonly string[],
  cwd: string,
): { readonly ok: boolean; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  return { ok: status === 0, text: `${stdout}${stderr}` };
}

export const promtool = (args: readonly string[], cwd = MONITORING) => runTool(PROMTOOL, args, cwd);

export const amtool = (args: readonly string[], cwd = MONITORING) => runTool(AMTOOL, args, cwd);

/** A server of the tests' own that runs the files of examples/monitoring. It does not outlive this process. */
export interface MonitoringServer {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A real Prometheus. Its rules are those of the example, but for the times for which they wait: a second each. */
export async function startPrometheus(options: {
  /** The engines to scrape. */
  readonly engines: readonly string[];
  readonly alertmanager: MonitoringServer;
  /** Where the alerts' pages are. */
  readonly publicUrl: string;
}): Promise<MonitoringServer> {
  const hosts = (urls: readonly string[]) => `[${urls.map((url) => `'${new URL(url).host}'`).join(', ')}]`;
  const replacements: Replacement[] = [
    ['scrape_interval: 5s', 'scrape_interval: 500ms'],
    ['evaluation_interval: 5s', 'evaluation_interval: 500ms'],
    ['doorbuster_url: http://localhost:3000', `doorbuster_url: ${options.publicUrl}`],
    [/\[.localhost:9093.\]/, hosts([options.alertmanager.url])],
    [/\[.localhost:9464.\]/, hosts(options.engines)],
  ];
  return startServer('prometheus.yml', replacements, async (folder, port) => {
    const rules = await readFile(join(MONITORING, 'alerts.yml'), 'utf8');
    await writeFile(join(folder, 'alerts.yml'), rules.replace(/(for): \d+[ms]$/gm, '$1: 1s'));
    const flags = [`--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`];
    return [PROMETHEUS, `--config.file=${join(folder, 'prometheus.yml')}`, ...flags];
  });
}

/** A real Alertmanager that tells a receiver at once. */
export async function startAlertmanager(receiverUrl: string): Promise<MonitoringServer> {
  const replacements: Replacement[] = [
    ['group_wait: 10s', 'group_wait: 100ms'],
    ['group_interval: 1m', 'group_interval: 1s'],
    ['url: http://localhost:5001/', `url: ${receiverUrl}`],
  ];
  return startServer('alertmanager.yml', replacements, async (folder, port) => {
    const flags = [`--storage.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`];
    return [ALERTMANAGER, `--config.file=${join(folder, 'alertmanager.yml')}`, '--cluster.listen-address=', ...flags];
  });
}

/** What stands in an example, and what the test puts there. */
type Replacement = readonly [example: string | RegExp, actual: string];

async function startServer(
  configName: string,
  replacements: readonly Replacement[],
  command: (folder: string, port: number) => Promise<readonly string[]>,
): Promise<MonitoringServer> {
  const folder = mkdtempSync('/tmp/doorbuster-monitoring-');
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  const text = await readFile(join(MONITORING, configName), 'utf8');
  await writeFile(join(folder, configName), replacements.reduce(replaceExample, text));
  const port = await freePort();
  const [program = '', ...args] = await command(folder, port);
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)));
  const forget = endAtExit(() => {
    child.kill('SIGKILL');
    removeFolder();
  });
  const stop = async () => {
    if (isRunning(child)) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    removeFolder();
    forget();
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(url, child, output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

function replaceExample(text: string, [example, actual]: Replacement): string {
  const replaced = text.replace(example, actual);
  if (replaced === text) throw new Error(`The example no longer has ${example}.`);
  return replaced;
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

async function untilReady(url: string, child: ChildProcess, output: readonly string[]): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await send('GET', `${url}/-/ready`).catch(() => undefined);
    if (answer?.status === 200) return;
    if (!isRunning(child)) throw new Error(`It ended before it was ready:\n${output.join('')}`);
    if (Date.now() > deadline) throw new Error(`It was not ready in time:\n${output.join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
