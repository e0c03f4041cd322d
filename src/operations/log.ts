import { type Logger, pino } from 'pino';

/** An error of the Redis driver carries the command that failed, and one of them is the log-in with its password. */
const REDIS_ARGUMENTS = ['err.command.args', 'err.*.command.args', 'err.aggregateErrors[*].command.args'];

/**
 * JSON lines on standard output. Secrets that a request may carry never reach it, and none of these `secrets` does,
 * whoever puts it into a message: a service that answers with what it was sent, or a driver with its command.
 */
export function createLog(level: string, secrets: readonly string[] = []): Logger {
  const written = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
  return pino({
    level,
    base: { service: 'doorbuster' },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: [
      'req.headers.authorization',
      'req.headers.cookie',
      '*.password',
      '*.secret',
      '*.accessToken',
      ...REDIS_ARGUMENTS,
    ],
    hooks: {
      streamWrite: (line) => written.reduce((text, secret) => text.replaceAll(secret, '[Redacted]'), line),
    },
  });
}
