import type { Answer } from '../support/client.ts';
import { type Asked, decide, place, type Role, refusedAtTheDoor, roleOf, type Told } from './order-intents.ts';
import { answerCharge, charge, ownSteps } from './order-payments.ts';
import { keptMinor, orderAt, type Terms, versionOf, type World } from './order-world.ts';

/** How far something that takes several transactions has come. */
interface Progress {
  readonly part: 'begin' | 'decide' | 'charge' | 'answer' | 'done';
  readonly role?: Role;
  readonly attempt?: number;
}

interface Advance {
  readonly world: World;
  readonly at: Progress;
}

/** Something that happened, of which it is known how it ended. */
export interface Happening {
  /** One transaction further. Nothing: in this world it could not have ended so. */
  advance(world: World, at: Progress): Advance | undefined;
}

const BEGIN: Progress = { part: 'begin' };
const DONE: Progress = { part: 'done' };

/**
 * The worlds in which all of this can have happened at the same time, as it ended: each transaction in some order with
 * those of the others, and with what the engine does by itself meanwhile. None: nothing explains what was seen.
 */
export function explain(terms: Terms, worlds: readonly World[], happenings: readonly Happening[]): World[] {
  const waiting: { world: World; progress: readonly Progress[] }[] = [];
  const seen = new Set<string>();
  const ends = new Map<string, World>();
  const visit = (world: World, progress: readonly Progress[]) => {
    const key = JSON.stringify([world, progress]);
    if (seen.has(key)) return;
    seen.add(key);
    if (progress.every(({ part }) => part === 'done')) ends.set(JSON.stringify(world), world);
    else waiting.push({ world, progress });
  };
  for (const world of worlds) {
    visit(
      world,
      happenings.map(() => BEGIN),
    );
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { world, progress } = next;
    for (const step of ownSteps(terms, world)) visit(step.world, progress);
    for (const [index, happening] of happenings.entries()) {
      const at = progress[index];
      const advance = at === undefined || at.part === 'done' ? undefined : happening.advance(world, at);
      if (advance !== undefined) visit(advance.world, progress.with(index, advance.at));
    }
  }
  return [...ends.values()];
}

/** Something that changes the world at once. */
export function changed(change: (world: World) => World | undefined): Happening {
  return {
    advance(world) {
      const next = change(world);
      return next && { world: next, at: DONE };
    },
  };
}

/** An order was placed, or not. */
export function ordered(
  terms: Terms,
  request: { at: number; owner: 0 | 1; quantity: number },
  answer: Answer,
): Happening {
  return changed((world) => {
    const decided = place(terms, world, request.at, request.owner, request.quantity);
    return fits(decided.told, answer) ? decided.world : undefined;
  });
}

/** Somebody asked something of an order and was answered. */
export function asked(terms: Terms, request: Asked, answer: Answer): Happening {
  const end = (world: World, told: Told) => (fits(told, answer) ? { world, at: DONE } : undefined);
  return {
    advance(world, { part, role, attempt = 0 }) {
      switch (part) {
        case 'begin': {
          const refused = refusedAtTheDoor(world, request);
          if (refused !== undefined) return end(world, refused);
          const seenAs = roleOf(request.actor, orderAt(world, request.place));
          return seenAs && { world, at: { part: 'decide', role: seenAs } };
        }
        case 'decide': {
          if (role === undefined) return undefined;
          const { world: next, told } = decide(terms, world, request, role);
          if (request.intent !== 'payment' || told.status !== 200) return end(next, told);
          return { world: next, at: { part: 'charge', attempt: orderAt(next, request.place).attempts.length - 1 } };
        }
        case 'charge':
          return { world: charge(terms, world, request.place, attempt), at: { part: 'answer', attempt } };
        case 'answer': {
          const { world: next, told } = answerCharge(terms, world, request.place, attempt);
          return end(next, told);
        }
        case 'done':
          return undefined;
      }
    },
  };
}

/** Whether an answer is the one that the model tells. */
function fits(told: Told, { status, json, headers }: Answer): boolean {
  if (status !== told.status) return false;
  if (told.code !== undefined && json?.code !== told.code && json?.code !== (told.orCode ?? told.code)) return false;
  if (told.version !== undefined && json?.version !== told.version) return false;
  if (told.orderStatus !== undefined && (json?.orderStatus ?? json?.status) !== told.orderStatus) return false;
  if (status < 300 && headers.get('etag') !== `"${told.version}"`) return false;
  return told.allowed === undefined || same(told.allowed.toSorted(), json?.allowed?.toSorted());
}

/** What the ledger holds of a sale at one moment. */
export interface Snapshot {
  readonly available: number;
  readonly orders: readonly SeenOrder[];
}

export interface SeenOrder {
  readonly place: number;
  readonly status: string;
  readonly version: number;
  readonly units: {
    readonly held: number;
    readonly sold: number;
    readonly returned: number;
    readonly refunded: number;
  };
  readonly retainedMinor: number;
  readonly attempts: readonly string[];
  readonly refunds: readonly { readonly amountMinor: number; readonly cause: string; readonly status: string }[];
  readonly history: readonly { readonly event: string; readonly status: string }[];
}

/** The ledger was seen like this. */
export function observed(snapshot: Snapshot): Happening {
  return changed((world) => (same(snapshotOf(world), snapshot) ? world : undefined));
}

/** The same of the model. */
export function snapshotOf(world: World): Snapshot {
  const orders = world.orders.flatMap((order, at) =>
    !order
      ? []
      : [
          {
            place: at,
            status: order.status,
            version: versionOf(order),
            units: { held: order.held, sold: order.sold, returned: order.returned, refunded: order.refunded },
            retainedMinor: order.retainedMinor,
            attempts: order.attempts.map(({ status }) => status),
            refunds: inOrder(order.refunds.map(({ amountMinor, cause, status }) => ({ amountMinor, cause, status }))),
            history: order.history,
          },
        ],
  );
  return { available: world.available, orders };
}

/** Refunds of one step have no order among themselves. */
export function inOrder<Entry>(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Whether the engine has nothing left to do, and the provider has kept this for each order. */
export function isAtRest(terms: Terms, world: World, keptMinorByPlace: ReadonlyMap<number, number>): boolean {
  if (ownSteps(terms, world).some(({ due }) => due)) return false;
  return world.orders.every((order, at) => !order || keptMinor(terms, order) === keptMinorByPlace.get(at));
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
