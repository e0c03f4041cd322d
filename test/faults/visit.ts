import { setTimeout as delay } from 'node:timers/promises';
import type { PlaceOrderRecord } from '../../lab/checker/history.ts';
import { placeOrder } from '../../lab/rush/buyer.ts';
import type { HttpClient } from '../../lab/rush/http-client.ts';
import { createSlots } from '../../lab/rush/slots.ts';
import { createTally } from '../../lab/rush/tally.ts';
import { type Caller, type Glance, glanceAt, repeatStep, type StepRequest, takeStep } from './caller.ts';
import type { Actor, Move, Visit } from './plan.ts';

/** Somebody who may act, with the name under which keys are theirs. */
export interface Person {
  readonly id: string;
  readonly token: string;
}

/** What all visits of a run share. */
export interface Floor {
  readonly saleId: string;
  readonly itemIds: readonly string[];
  readonly buyers: readonly Person[];
  readonly staff: Readonly<Record<Exclude<Actor, 'owner'>, Person>>;
  readonly caller: Caller;
}

/** How long somebody waits for an order to come to where the next move begins. */
const MOVE_PATIENCE_MS = 1_500;
const LOOK_AGAIN_MS = 60;

/** Statuses in which nothing happens any more without somebody's doing. */
const ENDED: ReadonlySet<string> = new Set(['expired', 'cancelled', 'rejected', 'completed']);

/** Places an order and does to it what the plan says. */
export async function visit(floor: Floor, { lines, atMs: _, ...planned }: Visit): Promise<void> {
  const buyer = floor.buyers[planned.buyer];
  if (buyer === undefined) throw new Error(`There is no buyer ${planned.buyer}.`);
  const placed = await place(floor, buyer, {
    ...planned,
    lines: lines.map(({ item, quantity }) => ({ itemId: floor.itemIds[item] ?? '', quantity })),
  });
  if (placed?.order == null) return;
  for (const [index, move] of planned.moves.entries()) {
    if (!(await makeMove(floor, placed.order.id, buyer, move, `${planned.key}-${index}`))) return;
  }
}

async function place(
  { saleId, caller }: Floor,
  buyer: Person,
  planned: Parameters<typeof placeOrder>[2],
): Promise<PlaceOrderRecord | undefined> {
  let success: PlaceOrderRecord | undefined;
  const slots = createSlots(1);
  await slots.take(false);
  const crowd = {
    ...{ saleId, slots, tally: createTally(1), random: caller.random },
    clientFor: () => (): HttpClient => caller.client,
    record: (attempt: PlaceOrderRecord) => {
      caller.record(attempt);
      if (attempt.order !== null) success ??= attempt;
    },
    stop: new AbortController().signal,
  };
  await placeOrder(crowd, { userId: buyer.id, accessToken: buyer.token }, planned);
  return success;
}

/** Whether it makes sense to go on. */
async function makeMove(floor: Floor, orderId: string, owner: Person, move: Move, key: string): Promise<boolean> {
  const ready = await untilReady(floor.caller, orderId, owner, move.from);
  if (ready === undefined) return false;
  const personOf = (who: Actor) => (who === 'owner' ? owner : floor.staff[who]);
  const requestFor = ({ who, intent, body, tagged }: Move, suffix = ''): StepRequest => ({
    ...{ orderId, intent, actorId: personOf(who).id, token: personOf(who).token, key: `${key}${suffix}` },
    tag: tagged ? ready.tag : '*',
    body: bodyOf(body, ready),
  });
  const request = requestFor(move);
  const [done] = await Promise.all([
    takeStep(floor.caller, request),
    move.rival && takeStep(floor.caller, requestFor(move.rival, '-rival')),
  ]);
  if (done === undefined) return false;
  if (move.resends && done.status !== null && done.status < 300) await repeatStep(floor.caller, request);
  // Somebody else was faster: whatever comes next looks for itself.
  return true;
}

/** Refunds of all lines name them; everything else is as the plan has it. */
function bodyOf(body: Move['body'], { lines }: Glance): Move['body'] {
  if (body?.['restockAll'] !== true) return body;
  return { lines: lines.map(({ itemId, quantity }) => ({ itemId, quantity, restock: true })) };
}

async function untilReady(
  caller: Caller,
  orderId: string,
  owner: Person,
  from: readonly string[],
): Promise<Glance | undefined> {
  const deadline = performance.now() + MOVE_PATIENCE_MS;
  for (;;) {
    const seen = await glanceAt(caller, orderId, owner.token);
    if (seen === undefined) return undefined;
    if (from.includes(seen.status)) return seen;
    if (ENDED.has(seen.status) || performance.now() > deadline) return undefined;
    await delay(LOOK_AGAIN_MS);
  }
}
