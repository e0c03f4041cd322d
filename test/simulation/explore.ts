import assert from 'node:assert/strict';

/** Something that one of the actors may do next, and the state after it. */
export interface Step<State> {
  /** Who does what. */
  readonly name: string;
  readonly state: State;
}

/** A protocol as a state machine of several actors. States are plain data. */
export interface Protocol<State> {
  readonly start: State;
  /** All that may happen next, of which any may be first. None: everything is at rest. */
  steps(state: State): readonly Step<State>[];
  /** What holds in every state, by name. */
  readonly always: Readonly<Record<string, (state: State) => boolean>>;
  /** What holds besides when nothing is left to happen. */
  readonly atRest: Readonly<Record<string, (state: State) => boolean>>;
}

/** The shortest way into a state in which an invariant does not hold. */
export interface Violation {
  readonly invariant: string;
  readonly schedule: readonly string[];
}

export interface Exploration {
  readonly violation: Violation | undefined;
  readonly states: number;
  /** Different sequences of steps from the start to a state at rest, all of which lead through the states looked at. */
  readonly schedules: number;
  /** Steps of the longest of them. */
  readonly depth: number;
  readonly seconds: number;
}

/** A bound against protocols that never rest. */
const STATES_MAX = 1_000_000;

interface Node {
  readonly parent: Node | undefined;
  readonly name: string;
  readonly next: Node[];
  /** Sequences from here to a state at rest, and the steps of the longest. */
  ends?: { readonly schedules: number; readonly depth: number };
}

/**
 * Looks at every state that any sequence of steps leads to, nearest first, so that a violation comes with a shortest
 * schedule. States that look the same are one: what can follow is the same, too. So all sequences are covered though
 * each state is looked at once. Protocols end: no sequence comes back to a state.
 */
export function explore<State>(protocol: Protocol<State>): Exploration {
  const startedAt = process.hrtime.bigint();
  const start: Node = { parent: undefined, name: '', next: [] };
  const nodes = new Map<string, Node>([[JSON.stringify(protocol.start), start]]);
  const queue: { node: Node; state: State }[] = [{ node: start, state: protocol.start }];
  let violation: Violation | undefined;
  for (const { node, state } of queue) {
    const steps = protocol.steps(state);
    const invariant =
      brokenBy(protocol.always, state) ?? (steps.length === 0 ? brokenBy(protocol.atRest, state) : undefined);
    if (invariant !== undefined) {
      violation = { invariant, schedule: scheduleOf(node) };
      break;
    }
    for (const step of steps) {
      const key = JSON.stringify(step.state);
      let next = nodes.get(key);
      if (next === undefined) {
        next = { parent: node, name: step.name, next: [] };
        nodes.set(key, next);
        queue.push({ node: next, state: step.state });
      }
      node.next.push(next);
    }
    if (nodes.size > STATES_MAX) throw new Error(`The protocol has more than ${STATES_MAX} states.`);
  }
  const { schedules, depth } = violation === undefined ? endsOf(start) : { schedules: 0, depth: 0 };
  return {
    violation,
    states: nodes.size,
    schedules,
    depth,
    seconds: Number(process.hrtime.bigint() - startedAt) / 1e9,
  };
}

function brokenBy<State>(invariants: Protocol<State>['always'], state: State): string | undefined {
  return Object.entries(invariants).find(([, holds]) => !holds(state))?.[0];
}

function scheduleOf(node: Node): string[] {
  const names: string[] = [];
  for (let at: Node | undefined = node; at?.parent !== undefined; at = at.parent) names.unshift(at.name);
  return names;
}

/** Counted from the ends on, without recursion: schedules are longer than the stack is deep. */
function endsOf(start: Node): { readonly schedules: number; readonly depth: number } {
  const open: Node[] = [start];
  const entered = new Set<Node>();
  for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
    const waiting = entered.has(node) ? [] : node.next.filter(({ ends }) => ends === undefined);
    if (waiting.some((next) => entered.has(next)))
      throw new Error(`A sequence comes back: ${scheduleOf(node).join('; ')}`);
    entered.add(node);
    if (waiting.length > 0) {
      open.push(...waiting);
      continue;
    }
    const ends = node.next.map((next) => next.ends ?? { schedules: 0, depth: 0 });
    node.ends ??= {
      schedules: ends.length === 0 ? 1 : ends.reduce((sum, { schedules }) => sum + schedules, 0),
      depth: ends.length === 0 ? 0 : 1 + Math.max(...ends.map(({ depth }) => depth)),
    };
    open.pop();
  }
  return start.ends ?? { schedules: 0, depth: 0 };
}

/** In every sequence all invariants hold. */
export function assertHolds<State>(protocol: Protocol<State>, log: (line: string) => void): Exploration {
  const found = explore(protocol);
  const { violation, states, schedules, depth, seconds } = found;
  if (violation !== undefined) {
    assert.fail(`"${violation.invariant}" does not hold after:\n  ${violation.schedule.join('\n  ')}`);
  }
  log(
    `${states} states, which ${inWords(schedules)} schedules of up to ${depth} steps lead through, in ${seconds.toFixed(2)} s: ` +
      `${Math.round(states / seconds)} states and ${inWords(schedules / seconds)} schedules a second`,
  );
  return found;
}

/** Some sequence breaks this invariant: the model can tell the protocol from a broken one. */
export function assertBreaks<State>(protocol: Protocol<State>, invariant: string, log: (line: string) => void): void {
  const { violation } = explore(protocol);
  assert.equal(violation?.invariant, invariant, 'the broken protocol is not told from the right one');
  log(`"${invariant}" is broken by: ${violation?.schedule.join('; ')}`);
}

function inWords(count: number): string {
  return count < 1e6 ? String(Math.round(count)) : count.toExponential(1);
}
