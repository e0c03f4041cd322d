import type { Protocol, Step } from './explore.ts';

// The gate's copy of an item's stock, kept by messages that processes send after their commits and by reconcilers that
// read the ledger and compare a moment later. Messages come late, twice, in another sequence, or never; Redis is emptied.
// The scripts are settle.lua, tell.lua and reconcile.lua; what they do is one step each, as in Redis.

/** How a protocol can be broken. */
export type GateFault =
  /** A message is taken in whatever its version is. */
  | 'the newest pair does not win'
  /** A comparison writes what it read, though the gate has heard of a newer commit meanwhile. */
  | 'reload writes what it read'
  /** A pair ahead of the ledger is taken for drift the first time that it is seen. */
  | 'no second look'
  /** An end gives back units though its reservation is not open any more. */
  | 'an end gives back twice';

interface Pair {
  readonly available: number;
  readonly version: number;
}

interface Reconciler {
  /** What it read of the ledger; null while it does nothing. */
  readonly read: Pair | null;
  readonly suspect: Pair | null;
  readonly runsLeft: number;
}

interface State {
  /** What the ledger has committed, the newest last. */
  readonly commits: readonly Pair[];
  /** Messages on their way. One may come twice: it stays until it is lost. */
  readonly messages: readonly (Pair & { readonly copies: number })[];
  readonly gate: Pair | null;
  /** Reservations: open ones are counted in `reserved`. An end may be told more than once. */
  readonly reservations: readonly ('unmade' | 'open' | 'closed')[];
  readonly endsLeft: readonly number[];
  readonly reserved: number;
  readonly reconcilers: readonly Reconciler[];
  readonly flushesLeft: number;
  readonly drift: number;
  readonly wentBack: boolean;
  /** Nothing else is left to happen, and a last comparison was made. */
  readonly closed: boolean;
}

const FULL = 2;

/** The protocol. `commits` after the first, each told in so many copies; `runs` of each reconciler. */
export function gatePairs(
  bounds: {
    readonly commits: number;
    readonly copies: number;
    readonly reservations: number;
    readonly reconcilers: number;
    readonly runs: number;
    readonly flushes: number;
  },
  fault?: GateFault,
): Protocol<State> {
  const first: Pair = { available: FULL, version: 1 };
  const start: State = {
    commits: [first],
    messages: [],
    gate: first,
    reservations: Array.from({ length: bounds.reservations }, () => 'unmade'),
    endsLeft: Array.from({ length: bounds.reservations }, () => 2),
    reserved: 0,
    reconcilers: Array.from({ length: bounds.reconcilers }, () => ({
      read: null,
      suspect: null,
      runsLeft: bounds.runs,
    })),
    flushesLeft: bounds.flushes,
    drift: 0,
    wentBack: false,
    closed: false,
  };
  const newest = ({ commits }: State): Pair => commits.at(-1) ?? first;

  function write(state: State, pair: Pair): Partial<State> {
    const wentBack = state.gate !== null && state.gate.version > pair.version;
    return { gate: pair, wentBack: state.wentBack || wentBack };
  }

  function ledgerSteps(state: State): Step<State>[] {
    if (state.commits.length > bounds.commits) return [];
    const { version } = newest(state);
    // Sold, given back, sold: the same number comes again under another version.
    const pair = { available: version % 2 === 1 ? FULL - 1 : FULL, version: version + 1 };
    const commits = [...state.commits, pair];
    return [
      {
        name: `the ledger commits ${pair.available} as version ${pair.version}`,
        state: { ...state, commits, messages: [...state.messages, { ...pair, copies: bounds.copies }] },
      },
    ];
  }

  function messageSteps(state: State): Step<State>[] {
    return state.messages.flatMap(({ copies, ...pair }, index) => {
      const rest =
        copies > 1 ? state.messages.with(index, { ...pair, copies: copies - 1 }) : state.messages.toSpliced(index, 1);
      const older = state.gate !== null && state.gate.version >= pair.version;
      const taken = older && fault !== 'the newest pair does not win' ? {} : write(state, pair);
      return [
        { name: `a message of version ${pair.version} comes`, state: { ...state, messages: rest, ...taken } },
        { name: `a message of version ${pair.version} is lost`, state: { ...state, messages: rest } },
      ];
    });
  }

  function reservationSteps(state: State): Step<State>[] {
    return state.reservations.flatMap((status, index) => {
      const steps: Step<State>[] = [];
      const step = (name: string, changes: Partial<State>) =>
        steps.push({ name: `${name} ${index}`, state: { ...state, ...changes } });
      if (status === 'unmade' && state.gate !== null) {
        step('admit', { reservations: state.reservations.with(index, 'open'), reserved: state.reserved + 1 });
      }
      const ends = state.endsLeft[index] ?? 0;
      if (status !== 'unmade' && ends > 0) {
        const endsLeft = state.endsLeft.with(index, ends - 1);
        const counts = status === 'open' || fault === 'an end gives back twice';
        const reserved = state.reserved - (counts ? 1 : 0);
        step('settle', { reservations: state.reservations.with(index, 'closed'), reserved, endsLeft });
      }
      if (status === 'open') {
        // It is taken for leaked, and the sums are calculated anew.
        const reservations = state.reservations.with(index, 'closed');
        step('give back the leaked', { reservations, reserved: openOf({ reservations }) });
      }
      return steps;
    });
  }

  function reconcilerSteps(state: State, index: number): Step<State>[] {
    const reconciler = state.reconcilers[index];
    if (reconciler === undefined) return [];
    const after = (own: Partial<Reconciler>, changes: Partial<State> = {}): State => ({
      ...state,
      ...changes,
      reconcilers: state.reconcilers.with(index, { ...reconciler, ...own }),
    });
    const { read, suspect, runsLeft } = reconciler;
    if (read === null) {
      if (runsLeft === 0) return [];
      return [
        { name: `reconciler ${index} reads the ledger`, state: after({ read: newest(state), runsLeft: runsLeft - 1 }) },
      ];
    }
    const { gate } = state;
    const name = `reconciler ${index} compares version ${read.version}`;
    const open = openOf(state);
    const done = { read: null, suspect: null };
    if (gate === null || gate.version < read.version) {
      return [{ name, state: after(done, { gate: read, reserved: open }) }];
    }
    if (gate.version === read.version) {
      const wrong = gate.available !== read.available;
      return [{ name, state: after(done, { gate: read, reserved: open, drift: state.drift + (wrong ? 1 : 0) }) }];
    }
    if (fault === 'reload writes what it read')
      return [{ name, state: after(done, { ...write(state, read), reserved: open }) }];
    const known = suspect !== null && suspect.version === gate.version;
    if (known || fault === 'no second look') {
      return [{ name, state: after(done, { ...write(state, read), reserved: open, drift: state.drift + 1 }) }];
    }
    return [{ name, state: after({ read: null, suspect: gate }, { reserved: open }) }];
  }

  return {
    start,
    steps(state) {
      const steps = [
        ...ledgerSteps(state),
        ...messageSteps(state),
        ...reservationSteps(state),
        ...state.reconcilers.flatMap((_, index) => reconcilerSteps(state, index)),
      ];
      if (state.flushesLeft > 0) {
        const reservations = state.reservations.map((status) => (status === 'open' ? 'closed' : status));
        const empty = { gate: null, reserved: 0, reservations, flushesLeft: state.flushesLeft - 1 };
        steps.push({ name: 'Redis is emptied', state: { ...state, ...empty } });
      }
      if (steps.length > 0 || state.closed) return steps;
      const { gate } = state;
      const ledger = newest(state);
      const behind = gate === null || gate.version < ledger.version;
      return [{ name: 'a last comparison', state: { ...state, closed: true, gate: behind ? ledger : gate } }];
    },
    always: {
      'a commit is never taken for drift': ({ drift }) => drift === 0,
      'the gate never goes back to an older version': ({ wentBack }) => !wentBack,
      'the gate has only what the ledger committed': ({ gate, commits }) =>
        gate === null || commits[gate.version - 1]?.available === gate.available,
      'reserved is the number of open reservations': ({ reserved, reservations }) =>
        reserved === openOf({ reservations }),
    },
    atRest: {
      'the gate has what the ledger has': (state) => JSON.stringify(state.gate) === JSON.stringify(newest(state)),
    },
  };
}

const openOf = ({ reservations }: Pick<State, 'reservations'>): number =>
  reservations.filter((status) => status === 'open').length;
