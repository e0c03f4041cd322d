import type { Case } from './case.ts';
import type { OrderLife } from './order-life.ts';
import { groupSteps, type KeyedStep } from './steps.ts';
import type { Violation } from './violation.ts';

/** CR-02: a version of an order has one entity tag, and a tag is of one version. */
export function checkTags(facts: Case): Violation[] {
  const seen = listTags(facts);
  const byVersion = Map.groupBy(seen, ({ orderId, version }) => `${orderId} ${version}`);
  const byTag = Map.groupBy(seen, ({ orderId, tag }) => `${orderId} ${tag}`);
  const differing = [...byVersion.values()].filter((group) => new Set(group.map(({ tag }) => tag)).size > 1);
  const shared = [...byTag.values()].filter((group) => new Set(group.map(({ version }) => version)).size > 1);
  return [...differing, ...shared].map((group) => ({
    promise: 'CR-02',
    kind: 'tag-differs',
    message: `order ${group[0]?.orderId}: tags and versions do not belong together`,
    evidence: { seen: group },
  }));
}

interface SeenTag {
  readonly orderId: string;
  readonly version: number;
  readonly tag: string;
}

function listTags({ history }: Case): SeenTag[] {
  const placed = history.placings.flatMap(({ order, etag }) =>
    order === null || etag === null ? [] : [{ orderId: order.id, version: 1, tag: etag }],
  );
  const stepped = history.steps.flatMap(({ orderId, version, etag }) =>
    version === null || etag === null ? [] : [{ orderId, version, tag: etag }],
  );
  return [...placed, ...stepped];
}

/**
 * CR-04: of the steps that were asked for with the same tag exactly one happens, and it makes the next version. CR-03: no
 * tag is refused that still is the order's at the end.
 */
export function checkPreconditions(facts: Case): Violation[] {
  const versions = new Map(listTags(facts).map(({ orderId, tag, version }) => [`${orderId} ${tag}`, version]));
  const lives = new Map(facts.final.rest?.lives.map((life) => [life.orderId, life]));
  const tagged = groupSteps(facts.history.steps).flatMap((step) => {
    const tag = step.attempts[0]?.tag ?? '*';
    return tag === '*' ? [] : [{ step, tag, name: `${step.orderId} ${tag}` }];
  });
  const found = [...Map.groupBy(tagged, ({ name }) => name).values()].flatMap((group) => checkOneWinner(group));
  for (const { step, tag, name } of tagged) {
    const version = versions.get(name);
    const life = lives.get(step.orderId);
    if (version === undefined || life === undefined) continue;
    found.push(...checkNextVersion(step, tag, version, life), ...checkFalseRefusal(step, tag, version, life));
  }
  return found;
}

function checkOneWinner(group: readonly { readonly step: KeyedStep; readonly tag: string }[]): Violation[] {
  const winners = group.filter(({ step }) => step.answers.length > 0);
  if (winners.length <= 1) return [];
  const { orderId } = winners[0]?.step ?? {};
  const evidence = { orderId, tag: winners[0]?.tag, steps: winners.map(({ step }) => [step.intent, step.key]) };
  const message = `order ${orderId}: ${winners.length} steps with the same tag were done`;
  return [{ promise: 'CR-04', kind: 'two-winners', message, evidence }];
}

function checkNextVersion(step: KeyedStep, tag: string, version: number, life: OrderLife): Violation[] {
  if (step.answers.length === 0) return [];
  const next = life.history.find((entry) => entry.version === version + 1);
  if (next?.cause === step.intent || (step.intent === 'payment' && next?.type === 'order.payment_started')) return [];
  const message = `order ${step.orderId}: a ${step.intent} with the tag of version ${version} did not make the next one`;
  return [{ promise: 'CR-04', kind: 'two-winners', message, evidence: { orderId: step.orderId, tag, version, next } }];
}

function checkFalseRefusal(step: KeyedStep, tag: string, version: number, life: OrderLife): Violation[] {
  if (life.version !== version || !step.attempts.some(({ status }) => status === 412)) return [];
  const message = `order ${step.orderId}: the tag of version ${version} was refused, though it is the order's still`;
  return [{ promise: 'CR-03', kind: 'false-precondition', message, evidence: { orderId: step.orderId, tag, version } }];
}
