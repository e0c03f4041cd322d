import { type Logger, pino } from 'pino';

/** JSON lines on standard output. Secrets that a request may carry never reach it. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: { service: 'doorbuster' },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['req.headers.authorization', 'req.headers.cookie', '*.password', '*.secret', '*.accessToken'],
  });
}
