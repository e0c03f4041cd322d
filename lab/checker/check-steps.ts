import type { Case } from './case.ts';
import type { StepRecord } from './history.ts';
import type { OrderLife } from './order-life.ts';
import { groupSteps, isKeptAnswer, type KeyedStep } from './steps.ts';
import type { Violation } from './violation.ts';

/** Refusals of a step that was asked for as it should be. */
const REFUSALS: Readonly<Record<number, ReadonlySet<string>>> = {
  // A courier sees an order only while there is something to do with it.
  404: new Set(['not-found']),
  409: new Set([
    'order-step-not-allowed',
    'payment-open',
    'payment-attempts-exceeded',
    'capture-pending',
    'amount-exceeded',
    'lines-exceeded',
    'request-in-progress',
    'sold-out',
    'limit-reached',
  ]),
  412: new Set(['precondition-failed']),
};

const COURIERS: ReadonlySet<string> = new Set(['pickup', 'delivery']);

/** PD-01: a correct step happens, is refused with a reason, or is told to come back; nothing else, and never a 500. */
export function checkStepAnswers(facts: Case): Violation[] {
  return facts.history.steps
    .filter((attempt) => !isExpected(attempt))
    .map(({ orderId, intent, key, status, code }) => ({
      promise: 'PD-01',
      kind: 'unexpected-answer',
      message: `a correct ${intent} was answered with ${status} ${code ?? '(no order in it)'}`,
      evidence: { orderId, intent, key, status, code },
    }));
}

function isExpected(attempt: StepRecord): boolean {
  const { status, intent, code, version } = attempt;
  if (status === null || status === 429 || status === 503) return true;
  if (isKeptAnswer(attempt)) return version !== null && (status !== 402 || intent === 'payment');
  if (status === 404 && !COURIERS.has(intent)) return false;
  return REFUSALS[status]?.has(code ?? '') === true;
}

/** IK-04: every kept answer of one key is the same, byte for byte; repeats say that they are. */
export function checkStepReplays(facts: Case): Violation[] {
  return groupSteps(facts.history.steps).flatMap(({ answers, orderId, intent, key }) => {
    const [first] = answers;
    if (first === undefined) return [];
    const other = answers.find((answer) => !sameAnswer(answer, first));
    const unmarked = answers.find(
      (answer) => !answer.replayed && answers.some((early) => (early.answeredAtMs ?? Infinity) < answer.sentAtMs),
    );
    const found = other ?? unmarked;
    if (found === undefined) return [];
    const message = `${intent}: ${other ? 'a repeat differs from the first answer' : 'a repeat is not marked as one'}`;
    return [{ promise: 'IK-04', kind: 'replay-differs', message, evidence: { orderId, key, first, other: found } }];
  });
}

const sameAnswer = (a: StepRecord, b: StepRecord) =>
  a.status === b.status && a.bodyHash === b.bodyHash && a.etag === b.etag && a.version === b.version;

/**
 * S-03, S-04: each step that was answered is in the history, once for each key, and the history has no step that nobody
 * asked for, nor one key's step twice.
 */
export function checkStepEffects(facts: Case): Violation[] {
  const steps = Map.groupBy(groupSteps(facts.history.steps), ({ orderId }) => orderId);
  return (facts.final.rest?.lives ?? []).flatMap((life) => {
    const own = Map.groupBy(steps.get(life.orderId) ?? [], ({ intent }) => intent);
    const intents = new Set([
      ...own.keys(),
      ...life.history.flatMap(({ by, cause }) => (by === 'system' ? [] : (cause ?? []))),
    ]);
    return [...intents].flatMap((intent) => checkIntent(life, intent, own.get(intent) ?? []));
  });
}

function checkIntent(life: OrderLife, intent: string, keys: readonly KeyedStep[]): Violation[] {
  // A payment is opened by one entry and answered with a later one; every other step is answered with its own.
  const opens = life.history.filter(({ cause, type }) =>
    intent === 'payment' ? type === 'order.payment_started' : cause === intent,
  );
  const answered = keys.filter(({ answers }) => answers.length > 0);
  const unheard = keys.filter(({ answers, everUnknown }) => answers.length === 0 && everUnknown);
  const evidence = {
    orderId: life.orderId,
    intent,
    entries: opens.length,
    answered: answered.length,
    unheard: unheard.length,
  };
  const found = intent === 'payment' ? [] : answered.flatMap((step) => checkOwnEntry(life, step));
  if (opens.length < answered.length) {
    const message = `${answered.length} keys were told that their ${intent} was done, the history has ${opens.length}`;
    found.push({ promise: 'S-03', kind: 'lost-step', message, evidence });
  }
  if (opens.length > answered.length + unheard.length) {
    const message = `the history has ${opens.length} times ${intent}, ${answered.length + unheard.length} keys may have made it`;
    found.push({ promise: 'S-04', kind: 'unexplained-step', message, evidence });
  }
  return found;
}

function checkOwnEntry(life: OrderLife, { intent, key, answers }: KeyedStep): Violation[] {
  const [answer] = answers;
  const entry = life.history.find(({ version }) => version === answer?.version);
  if (entry?.cause === intent && entry.status === answer?.orderStatus) return [];
  const message = `the answer to a ${intent} shows version ${answer?.version}, which is not its own`;
  return [{ promise: 'S-03', kind: 'lost-step', message, evidence: { orderId: life.orderId, key, answer, entry } }];
}
