import type { Protocol, Step } from './explore.ts';

// Events wait in an outbox until a relay tells of them, in the transaction that takes them out. Writers commit late: an
// event that was written early may appear after later ones. Relays die before their commit, and everything waits again.

/** How a protocol can be broken. */
export type OutboxFault =
  /** A relay goes on from the last position that it told of. */
  | 'watermark'
  /** Any event that nobody has is taken, not only the first of its order. */
  | 'any of its order'
  /** Two relays may take the same event. */
  | 'no lock'
  /** Others are told before the relay's transaction is committed. */
  | 'told before the commit';

interface Event {
  readonly order: number;
  readonly version: number;
  /** Written in this sequence, over all orders. */
  readonly position: number;
  readonly committed: boolean;
  readonly gone: boolean;
}

interface Relay {
  /** The events that its statement saw when it began; null while it does nothing. */
  readonly sees: readonly number[] | null;
  /** The events that it has taken; null before that. */
  readonly has: readonly number[] | null;
}

interface State {
  readonly events: readonly Event[];
  readonly relays: readonly Relay[];
  /** What others were told, as it happened. */
  readonly told: readonly (readonly [order: number, version: number])[];
  readonly crashesLeft: number;
  /** The last position that anybody told of. */
  readonly position: number;
}

/** The protocol: so many orders with as many versions each, told of by so many relays, `limit` orders at a time. */
export function outboxRelays(
  bounds: {
    readonly orders: number;
    readonly versions: number;
    readonly relays: number;
    readonly limit: number;
    readonly crashes: number;
  },
  fault?: OutboxFault,
): Protocol<State> {
  const IDLE: Relay = { sees: null, has: null };
  const start: State = {
    events: [],
    relays: Array.from({ length: bounds.relays }, () => IDLE),
    told: [],
    crashesLeft: bounds.crashes,
    position: 0,
  };

  /** Writers: the steps of one order come one after the other, those of different orders commit in any sequence. */
  function writersSteps(state: State): Step<State>[] {
    const steps: Step<State>[] = [];
    for (let order = 0; order < bounds.orders; order += 1) {
      const own = state.events.filter((event) => event.order === order);
      const last = own.at(-1);
      if (last !== undefined && !last.committed) {
        const events = state.events.map((event) => (event === last ? { ...event, committed: true } : event));
        steps.push({ name: `order ${order} commits version ${last.version}`, state: { ...state, events } });
      } else if (own.length < bounds.versions) {
        const version = own.length + 1;
        const event = { order, version, position: state.events.length + 1, committed: false, gone: false };
        steps.push({
          name: `order ${order} writes version ${version}`,
          state: { ...state, events: [...state.events, event] },
        });
      }
    }
    return steps;
  }

  function relaySteps(state: State, index: number): Step<State>[] {
    const relay = state.relays[index];
    if (relay === undefined) return [];
    const step = (name: string, after: Partial<Relay>, changes: Partial<State> = {}): Step<State> => ({
      name: `relay ${index} ${name}`,
      state: { ...state, ...changes, relays: state.relays.with(index, { ...relay, ...after }) },
    });
    if (relay.sees === null) {
      const sees = visible(state);
      // A statement that finds nothing changes nothing, unless others do while it runs.
      return takable(state, sees).length === 0 ? [] : [step('begins', { sees })];
    }
    const crash =
      state.crashesLeft > 0 ? [step('dies and begins anew', IDLE, { crashesLeft: state.crashesLeft - 1 })] : [];
    if (relay.has === null) {
      const has = takable(state, relay.sees);
      if (has.length === 0) return [step('finds nothing', IDLE)];
      const told = fault === 'told before the commit' ? { told: [...state.told, ...namesOf(state, has)] } : {};
      return [step(`takes ${namesOf(state, has).join(' and ')}`, { has }, told), ...crash];
    }
    const has = relay.has;
    const position = Math.max(state.position, ...has.map((at) => state.events[at]?.position ?? 0));
    const committed = {
      ...(fault === 'watermark' ? { position } : {}),
      events: state.events.map((event, at) => (has.includes(at) ? { ...event, gone: true } : event)),
      ...(fault === 'told before the commit' ? {} : { told: [...state.told, ...namesOf(state, has)] }),
    };
    return [step('commits', IDLE, committed), ...crash];
  }

  const visible = (state: State): number[] =>
    state.events.flatMap((event, at) => {
      const passed = fault === 'watermark' && event.position <= state.position;
      return event.committed && !event.gone && !passed ? [at] : [];
    });

  /** What of the events that a statement saw it gets, now that it takes their locks. */
  function takable(state: State, sees: readonly number[]): number[] {
    const locked = new Set(fault === 'no lock' ? [] : state.relays.flatMap(({ has }) => has ?? []));
    const free = (at: number) => !locked.has(at) && (fault === 'no lock' || state.events[at]?.gone === false);
    const orderOf = (at: number) => state.events[at]?.order;
    if (fault === 'any of its order') return sees.filter(free).slice(0, bounds.limit);
    // Written in the sequence of their versions, so the first of an order is its first here.
    const firsts = sees.filter((at) => sees.find((other) => orderOf(other) === orderOf(at)) === at);
    const orders = firsts.filter(free).slice(0, bounds.limit).map(orderOf);
    return sees.filter((at) => orders.includes(orderOf(at)) && free(at));
  }

  return {
    start,
    steps: (state) => [...writersSteps(state), ...state.relays.flatMap((_, index) => relaySteps(state, index))],
    always: {
      'each event is told once': ({ told }) => new Set(told.map(String)).size === told.length,
      'the versions of an order are told in turn': ({ told }) =>
        told.every(([order, version], at) => {
          const before = told.slice(0, at).filter((each) => each[0] === order);
          return (before.at(-1)?.[1] ?? 0) + 1 === version;
        }),
    },
    atRest: {
      'every event is told': ({ told }) => told.length === bounds.orders * bounds.versions,
    },
  };
}

function namesOf({ events }: State, indexes: readonly number[]): (readonly [number, number])[] {
  return indexes.flatMap((at) => {
    const event = events[at];
    return event === undefined ? [] : [[event.order, event.version] as const];
  });
}
