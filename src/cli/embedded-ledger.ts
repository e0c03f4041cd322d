import process from 'node:process';
import { readSettings } from '../config/config.ts';
import type { EmbeddedLedger } from '../ledger/embedded-backup.ts';
import { CommandError } from './command.ts';

/** The embedded ledger of the settings. @throws CommandError where the settings name another one */
export function embeddedLedger(): EmbeddedLedger {
  const names = ['DATABASE_URL', 'DATA_DIR', 'EMBEDDED_POSTGRES'] as const;
  const { DATABASE_URL, DATA_DIR, EMBEDDED_POSTGRES } = readSettings(process.env, names);
  if (DATABASE_URL !== undefined) {
    throw new CommandError(
      'DATABASE_URL is set: that ledger is backed up and restored by the means of PostgreSQL. See docs/operations.md.',
    );
  }
  return { dataDir: DATA_DIR, binaries: EMBEDDED_POSTGRES, log: () => undefined };
}
