import type { Protocol, Step } from './explore.ts';

// A duty that moves money (a payment job) or tells somebody (a webhook delivery), done by whoever claims it: claim for a
// lease, call the provider, end it by the token of the claim. Workers are slow and die, calls are lost, leases end at
// any moment: the shortest lease is one of the schedules.

/** How a protocol can be broken. */
export type JobLeaseFault =
  /** Ends name no token. */
  | 'no fencing'
  /** To look whether a job is due and to take it are two steps. */
  | 'claim in two steps'
  /** Each call has a key of its own at the provider, so the provider cannot know a repeat. */
  | 'a new provider key for each try'
  /** Nobody takes over from a dead worker. */
  | 'no lease'
  /** Whoever takes over gets the token of the one before. */
  | 'token not raised';

type Doing = 'nothing' | 'looking' | 'calling' | 'told done' | 'told no' | 'dead';

interface Worker {
  readonly does: Doing;
  readonly token: number;
}

interface State {
  readonly job: { readonly status: 'due' | 'done' | 'failed'; readonly token: number; readonly leased: boolean };
  readonly workers: readonly Worker[];
  /** How often the provider moved the money. */
  readonly moved: number;
  /** What may still go wrong. */
  readonly left: { readonly crashes: number; readonly losses: number; readonly claims: number };
  /** Somebody decided for a later owner. */
  readonly overruled: boolean;
  /** Somebody took what another had a lease for. */
  readonly stolen: boolean;
}

/** The protocol, by so many workers. `claims`: how often the job is taken at most. */
export function jobLeases(
  bounds: { readonly workers: number; readonly crashes: number; readonly losses: number; readonly claims: number },
  fault?: JobLeaseFault,
): Protocol<State> {
  const start: State = {
    job: { status: 'due', token: 0, leased: false },
    workers: Array.from({ length: bounds.workers }, () => ({ does: 'nothing', token: 0 })),
    moved: 0,
    left: { crashes: bounds.crashes, losses: bounds.losses, claims: bounds.claims },
    overruled: false,
    stolen: false,
  };

  function stepsOf(state: State, index: number): Step<State>[] {
    const worker = state.workers[index];
    if (worker === undefined) return [];
    const steps: Step<State>[] = [];
    const next = (name: string, does: Doing, changes: Partial<State> = {}, token = worker.token) =>
      steps.push({
        name: `worker ${index} ${name}`,
        state: { ...state, ...changes, workers: state.workers.with(index, { does, token }) },
      });
    const { job, left } = state;
    const free = job.status === 'due' && !job.leased && left.claims > 0;
    const token = fault === 'token not raised' ? 1 : job.token + 1;
    const claimed = {
      job: { ...job, token, leased: true },
      left: { ...left, claims: left.claims - 1 },
      stolen: state.stolen || job.leased,
    };
    switch (worker.does) {
      case 'nothing':
        if (free && fault === 'claim in two steps') next('sees that the job is due', 'looking');
        else if (free) next('claims', 'calling', claimed, token);
        break;
      case 'looking':
        if (left.claims > 0) next('takes what was due', 'calling', claimed, token);
        else next('finds nothing', 'nothing');
        break;
      case 'calling': {
        const moved = fault === 'a new provider key for each try' ? state.moved + 1 : 1;
        next('is told that it is done', 'told done', { moved });
        if (left.losses > 0) {
          const lost = { ...left, losses: left.losses - 1 };
          next('calls, and the answer is lost', 'told no', { moved, left: lost });
          next('calls, and the call is lost', 'told no', { left: lost });
        }
        break;
      }
      case 'told done':
        next('ends the job', 'nothing', endedBy(state, worker, 'done'));
        break;
      case 'told no':
        // Out of tries: it becomes a dead letter.
        next('gives the job up', 'nothing', endedBy(state, worker, 'failed'));
        break;
      case 'dead':
        break;
    }
    if (worker.does !== 'dead' && worker.does !== 'nothing' && left.crashes > 0) {
      next('dies', 'dead', { left: { ...left, crashes: left.crashes - 1 } });
    }
    return steps;
  }

  function endedBy(state: State, worker: Worker, status: 'done' | 'failed'): Partial<State> {
    const { job } = state;
    const mine = fault === 'no fencing' || job.token === worker.token;
    if (job.status !== 'due' || !mine) return {};
    // A later owner is at work, and this one decides for it.
    const overruled = state.workers.some((other) => other.token > worker.token) || twoOwners(state, worker.token);
    return {
      job: { ...job, status, leased: false },
      overruled: state.overruled || overruled,
    };
  }

  return {
    start,
    steps(state) {
      const steps = state.workers.flatMap((_, index) => stepsOf(state, index));
      if (state.job.status === 'due' && state.job.leased && fault !== 'no lease') {
        steps.push({ name: 'the lease is over', state: { ...state, job: { ...state.job, leased: false } } });
      }
      return steps;
    },
    always: {
      'money moves once': ({ moved }) => moved <= 1,
      'nobody takes what is leased': ({ stolen }) => !stolen,
      'no two owners have one token': (state) => !state.workers.some(({ token }) => twoOwners(state, token)),
      'who lost the lease has no say': ({ overruled }) => !overruled,
      'done means that it was done': ({ job, moved }) => job.status !== 'done' || moved === 1,
    },
    atRest: {
      // A job that was taken as often as this model lets it be, by workers that died, waits for its next try.
      'nothing waits for the dead': ({ job, left }) => job.status !== 'due' || left.claims === 0,
    },
  };
}

const atWork = ({ does }: Worker) => does === 'calling' || does === 'told done' || does === 'told no';

function twoOwners({ workers }: State, token: number): boolean {
  return workers.filter((worker) => atWork(worker) && worker.token === token).length > 1;
}
