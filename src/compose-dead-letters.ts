import type { onRequestHookHandler } from 'fastify';
import type { App } from './http/app.ts';
import { cancelRedriveRoute } from './http/routes/dead-letters/cancel-redrive.ts';
import { discardDeadLetterRoute } from './http/routes/dead-letters/discard-dead-letter.ts';
import { getDeadLetterRoute } from './http/routes/dead-letters/get-dead-letter.ts';
import { getRedriveRoute } from './http/routes/dead-letters/get-redrive.ts';
import { listDeadLettersRoute } from './http/routes/dead-letters/list-dead-letters.ts';
import { listRedrivesRoute } from './http/routes/dead-letters/list-redrives.ts';
import { redriveDeadLetterRoute } from './http/routes/dead-letters/redrive-dead-letter.ts';
import { startRedriveRoute } from './http/routes/dead-letters/start-redrive.ts';
import type { Database } from './ledger/database.ts';

/** What operators do with dead letters. `schedule`: when letters are redriven by themselves (see `createRedriver`). */
export function addDeadLetterRoutes(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; schedule: readonly number[] },
): void {
  listDeadLettersRoute(app, options);
  startRedriveRoute(app, options);
  listRedrivesRoute(app, options);
  getRedriveRoute(app, options);
  cancelRedriveRoute(app, options);
  getDeadLetterRoute(app, options);
  redriveDeadLetterRoute(app, options);
  discardDeadLetterRoute(app, options);
}
