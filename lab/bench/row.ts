import type { Counted } from './audit.ts';
import type { Site } from './site.ts';
import type { Subject } from './subject.ts';
import type { LoadResult } from './wrk.ts';

/** What belongs together, for `--only`. */
export type Group =
  | 'baselines'
  | 'placing'
  | 'gate'
  | 'refusing'
  | 'reading'
  | 'paying'
  | 'switches'
  | 'history'
  | 'latency'
  | 'memory'
  | 'size'
  | 'start';

interface RowBasics {
  name: string;
  title: string;
  group: Group;
  /** The row by which this one is measured, if not by the echo. */
  reference?: string;
  /** Rows that must have had their turn before, because this one takes a figure from them. */
  needs?: readonly string[];
  usesRedis?: true;
  /** One database for all rounds, which keeps what is in it. */
  keepsDatabase?: true;
  /** What changes little from round to round, or takes long, has fewer of them. */
  roundsMax?: number;
}

/** A row under the load of wrk, with as many requests under way as there are connections. */
export interface LoadRow extends RowBasics {
  counts: Counted;
  /** If not those of the options. */
  connections?: number;
  open(site: Site): Promise<Subject>;
}

/** A row that measures in a way of its own. */
export interface OwnRow extends RowBasics {
  play(site: Site): Promise<Played>;
}

/** One line of the table. */
export type Row = LoadRow | OwnRow;

/** CPU seconds during the measured part of a round, and who used them. */
export interface CpuSeconds {
  /** The client, and the benchmark itself. */
  client: number;
  /** All processes of the engine or the baseline. */
  server: number;
  postgres: number;
  redis: number;
  /** Everybody else on the machine: with much of it, the figure says little. */
  others: number;
  /** Given to other machines by the hypervisor. */
  stolen: number;
}

/** What a turn has brought. */
export interface Played {
  /** Rate, latency and CPU; absent where the row is not about them. */
  load?: { counted: number; perSecond: number; seen: LoadResult; cpuSeconds: CpuSeconds };
  /** Named figures, units last. */
  figures: Readonly<Record<string, number>>;
  /** Why the figures must not be used; empty for a sound turn. */
  faults: readonly string[];
}

/** One turn of one row. */
export interface Round extends Played {
  row: string;
  number: number;
}
