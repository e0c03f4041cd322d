import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { formatRecord, type HistoryRecord } from '../checker/history.ts';

/** Keeps what the clients saw, and writes it down as it comes if a file is named. */
export interface Recorder {
  readonly records: readonly HistoryRecord[];
  add(record: HistoryRecord): void;
  /** Waits until the file holds everything. @throws when it could not be written. */
  close(): Promise<void>;
}

/** @throws when the file cannot be opened for writing. */
export async function createRecorder(file: string | undefined): Promise<Recorder> {
  const records: HistoryRecord[] = [];
  const stream = file === undefined ? undefined : (await open(file, 'w')).createWriteStream();
  const written = stream === undefined ? Promise.resolve() : finished(stream);
  // The failure is told by close; until then it must not end the run.
  written.catch(() => undefined);
  return {
    records,
    add(record) {
      records.push(record);
      stream?.write(formatRecord(record));
    },
    async close() {
      stream?.end();
      await written;
    },
  };
}
