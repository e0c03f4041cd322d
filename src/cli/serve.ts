import { resolve } from 'node:path';
import process from 'node:process';
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import { startEngine } from '../compose.ts';
import { type Config, readConfig, secretsOf } from '../config/config.ts';
import { warningsOf } from '../config/warnings.ts';
import { EmbeddedPostgresError } from '../ledger/embedded-postgres/embedded-postgres-error.ts';
import { createLog } from '../operations/log.ts';
import { createStopper, type Stopper } from '../operations/stopper.ts';
import { welcome } from '../operations/welcome.ts';
import { type Command, PROGRAM, say } from './command.ts';
import { readArguments } from './read-arguments.ts';

/** Runs the engine, until a signal stops it. */
export const serve: Command = {
  help: `Usage: doorbuster [serve]

Runs the engine. Without any setting it listens on 127.0.0.1:3000, brings a PostgreSQL of its own along and keeps its
data in the folder data under the current one (DATA_DIR). With DATABASE_URL it runs on a PostgreSQL of yours.
SIGTERM or Ctrl-C stops it when all that was accepted is finished; a second one stops it at once.
Exit code: 0 stopped cleanly, 1 it could not start, or not stop in time.
`,

  async run(args) {
    readArguments(args, { options: {}, operands: [] });
    const config = readConfig(process.env);
    const log = createLog(config.LOG_LEVEL, secretsOf(config));
    for (const warning of warningsOf(config)) log.warn(warning);
    if (config.DATABASE_URL === undefined) say(`The ledger is kept in ${resolve(config.DATA_DIR)} (DATA_DIR)`);
    await runEngine(config, log);
    // It goes on until it is stopped, and says then how that went.
    return 0;
  },
};

async function runEngine(config: Config, log: Logger): Promise<void> {
  const stopper = createStopper(log);
  const starting = startEngine(config, log, stopper);
  const timeoutMs = config.SHUTDOWN_TIMEOUT_MS;
  const shutdown = stopOnSignal(stopper, starting, timeoutMs, log);

  const engine = await starting.catch((error: unknown) => {
    // A fault that a person can mend is told in a sentence, without a stack.
    if (error instanceof EmbeddedPostgresError) process.stderr.write(`\n${error.message}\n\n`);
    else log.fatal({ err: error }, 'the engine could not start');
    process.exit(1);
  });

  void engine.lost.then((reason) => {
    log.fatal({ err: reason }, 'the embedded ledger is lost; stopping');
    shutdown.uninstall();
    setTimeout(() => process.exit(1), timeoutMs).unref();
    void engine.stop().finally(() => process.exit(1));
  });

  process.stdout.write(`Doorbuster is listening on ${engine.url}\n`);
  if (config.NODE_ENV === 'development') {
    process.stdout.write(welcome(PROGRAM, { ...engine, operatorEmail: config.OPERATOR_EMAIL }));
  }
}

/**
 * Installed before the start has ended: a signal in between waits for it and stops what it started. The exit code is 0
 * when everything stopped cleanly, in time.
 */
function stopOnSignal(stopper: Stopper, starting: Promise<unknown>, timeoutMs: number, log: Logger) {
  function tellForced(reason: string): void {
    log.fatal({ part: stopper.stoppingPart() }, `${reason}: the stop is forced`);
  }
  return closeWithGrace(
    {
      delay: timeoutMs,
      logger: false,
      onSecondSignal: (signal) => tellForced(`a second ${signal}`),
      onSecondError: (error) => log.fatal({ err: error }, 'an error while stopping: the stop is forced'),
      onTimeout: () => tellForced(`not stopped in ${timeoutMs} ms`),
    },
    async ({ signal, err }) => {
      if (err) log.fatal({ err }, 'stopping after an error nobody handled');
      else if (signal) log.info({ signal }, 'stopping');
      await starting.catch(() => undefined);
      if (!(await stopper.stop())) throw new Error('A part did not stop cleanly; the log has it.');
      log.info('stopped');
    },
  );
}
