import closeWithGrace from 'close-with-grace';
import { startEngine } from './compose.ts';
import { type Config, ConfigError, readConfig, secretsOf } from './config/config.ts';
import { warningsOf } from './config/warnings.ts';
import { EmbeddedPostgresError } from './ledger/embedded-postgres/embedded-postgres-error.ts';
import { createLog } from './operations/log.ts';
import { createStopper } from './operations/stopper.ts';
import { welcome } from './operations/welcome.ts';

/** A fault that a person can mend is told in a sentence, without a stack. */
function fail(error: Error): never {
  process.stderr.write(`\n${error.message}\n\n`);
  process.exit(1);
}

function readConfigOrFail(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (error instanceof ConfigError) fail(error);
    throw error;
  }
}

const config = readConfigOrFail();
const log = createLog(config.LOG_LEVEL, secretsOf(config));
for (const warning of warningsOf(config)) log.warn(warning);

const stopper = createStopper(log);
const starting = startEngine(config, log, stopper);
const timeoutMs = config.SHUTDOWN_TIMEOUT_MS;

function tellForced(reason: string): void {
  log.fatal({ part: stopper.stoppingPart() }, `${reason}: the stop is forced`);
}

// Installed before the start has ended: a signal in between waits for it and stops what it started. The exit code is 0
// when everything stopped cleanly, in time.
const shutdown = closeWithGrace(
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

const engine = await starting.catch((error: unknown) => {
  if (error instanceof EmbeddedPostgresError) fail(error);
  log.fatal({ err: error }, 'the engine could not start');
  process.exit(1);
});

void engine.lost.then((reason) => {
  log.fatal({ err: reason }, 'the embedded ledger is lost; stopping');
  shutdown.uninstall();
  setTimeout(() => process.exit(1), timeoutMs).unref();
  void engine.stop().finally(() => process.exit(1));
});

process.stdout.write(`Doorbuster is listening on ${engine.url}\n`);
if (config.NODE_ENV === 'development')
  process.stdout.write(welcome(engine.url, engine.metricsUrl, config.OPERATOR_EMAIL));
