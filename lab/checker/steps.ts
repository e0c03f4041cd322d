import type { StepRecord } from './history.ts';

/** Everything one caller asked of one order under one key: at most one effect. */
export interface KeyedStep {
  readonly orderId: string;
  readonly intent: string;
  readonly actorId: string;
  readonly key: string;
  /** By the moment they were sent. */
  readonly attempts: readonly StepRecord[];
  /** The answers that are kept under the key, the earliest first. */
  readonly answers: readonly StepRecord[];
  /** Whether any attempt may have taken effect unheard. */
  readonly everUnknown: boolean;
}

/** Whether the engine did what was asked. A declined payment is one as well: the attempt is in the history. */
export function isKeptAnswer({ status }: StepRecord): boolean {
  return status !== null && ((status >= 200 && status < 300) || status === 402);
}

/** Groups the attempts by caller, order, intent and key. */
export function groupSteps(attempts: readonly StepRecord[]): KeyedStep[] {
  const groups = Map.groupBy(attempts, ({ actorId, orderId, intent, key }) =>
    [actorId, orderId, intent, key].join(' '),
  );
  return [...groups.values()].flatMap((group) => {
    const ordered = group.toSorted((a, b) => a.sentAtMs - b.sentAtMs);
    const [first] = ordered;
    if (first === undefined) return [];
    const { orderId, intent, actorId, key } = first;
    const answers = ordered.filter(isKeptAnswer).sort((a, b) => (a.answeredAtMs ?? 0) - (b.answeredAtMs ?? 0));
    const everUnknown = ordered.some(({ status }) => status === null || status >= 500);
    return [{ orderId, intent, actorId, key, attempts: ordered, answers, everUnknown }];
  });
}
