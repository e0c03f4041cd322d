import type { Config } from './config/config.ts';
import type { Database } from './ledger/database.ts';
import type { Duty } from './workers/loop.ts';
import { createRetentionSweeper } from './workers/retention-sweeper.ts';

const DAY_SECONDS = 86_400;

/** Deletes what has been over for as long as the settings say. */
export function composeRetention(config: Config, database: Database): Duty {
  const deliveries = config.DELIVERY_RETENTION_DAYS * DAY_SECONDS;
  const history = config.HISTORY_RETENTION_DAYS;
  return createRetentionSweeper({
    database,
    retention: {
      seconds: {
        deliveries,
        'kept-back-deliveries': deliveries,
        'dead-letters': deliveries,
        attempts: deliveries,
        incidents: deliveries,
        'audit-log': config.AUDIT_RETENTION_DAYS * DAY_SECONDS,
      },
      historySeconds: history === undefined ? null : history * DAY_SECONDS,
    },
  });
}
