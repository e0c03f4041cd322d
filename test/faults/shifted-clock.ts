import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endAtExit } from '../support/at-exit.ts';

/** The clock of one process, which can be set alone. */
export interface ShiftedClock {
  /** Environment variables of the process. */
  readonly settings: Readonly<Record<string, string>>;
  /** From now on it is so many seconds off. */
  shift(seconds: number): void;
}

/** A clock by libfaketime, which reads its file again whenever the process looks at the time. Timers go on as they did. */
export function createClock(): ShiftedClock {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  if (library === undefined) throw new Error('There is no libfaketime; npm test installs it.');
  const folder = mkdtempSync('/tmp/doorbuster-clock-');
  const file = join(folder, 'offset');
  endAtExit(() => rmSync(folder, { recursive: true, force: true }));
  const shift = (seconds: number) => writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  shift(0);
  return {
    settings: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    shift,
  };
}
