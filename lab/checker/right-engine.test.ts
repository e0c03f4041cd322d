import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32 } from '../rush/random.ts';
import { checkHistory } from './check-history.ts';
import {
  accepted,
  changeStock,
  ITEM_ID,
  makeItem,
  makeOrder,
  makeSale,
  readSale,
  refused,
  unknown,
} from './hand-made-run.ts';
import type { FinalState, History, HistoryRecord, PlaceOrderRecord } from './history.ts';
import { sortHistory } from './history.ts';
import type { OrderState } from './order-state.ts';
import type { ItemState } from './sale-state.ts';

/*
 * What the checker reports must be certain. So a model of a right engine, which decides one thing at a time at moments
 * of its own, is watched through clients who see only when they sent and when they were answered, lose answers, come
 * back, and whose lost requests may still be decided much later. Whatever the seed: nothing may be reported.
 */

const BASE_MS = Date.parse('2026-01-01T10:00:00.000Z');
const HOLD_MS = 60;
const LIMIT = 3;

interface Wish {
  readonly userId: string;
  readonly key: string;
  readonly quantity: number;
}

/** Something the engine does at one moment. */
interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/** A model engine with its clients. `returns`: stock comes back, by expiry and by changes. */
function createModel(seed: number) {
  const random = mulberry32(seed);
  const returns = seed % 2 === 0;
  const events: Event[] = [];
  const records: HistoryRecord[] = [];
  const orders = new Map<string, OrderState>();
  const byKey = new Map<string, string>();
  const units = new Map<string, number>();
  let capacity = 5 + upTo(20);
  let taken = 0;
  let version = 1;
  let nowMs = 0;

  function upTo(most: number): number {
    return 1 + Math.floor(random() * most);
  }

  function at(atMs: number, run: () => void): void {
    events.push({ atMs, run });
  }

  /** Runs every event in order of time; an event may add later ones. */
  function run(): void {
    while (events.length > 0) {
      events.sort((a, b) => b.atMs - a.atMs);
      const event = events.pop();
      if (event === undefined) return;
      nowMs = event.atMs;
      event.run();
    }
  }

  /** A client sends; the engine decides later; the answer comes later still, or never. */
  function send(wish: Wish, sentAtMs: number, attempt = 1): void {
    const lost = random() < 0.3 && attempt < 4;
    const arrives = !lost || random() < 0.7;
    const decidedAtMs = sentAtMs + upTo(lost ? 40 : 10);
    if (arrives) {
      at(decidedAtMs, () => {
        const seen = decide(wish, sentAtMs, decidedAtMs + upTo(10));
        if (!lost) records.push(seen);
      });
    }
    if (!lost) return;
    records.push(unknown(wish.userId, sentAtMs, { key: wish.key, lines: linesOf(wish) }));
    at(sentAtMs, () => send(wish, sentAtMs + upTo(20), attempt + 1));
  }

  function decide(wish: Wish, sentAtMs: number, answeredAtMs: number): PlaceOrderRecord {
    const { userId, key, quantity } = wish;
    const won = orders.get(byKey.get(`${userId} ${key}`) ?? '');
    if (won !== undefined) {
      const asPlaced = { ...won, status: 'pending_payment' };
      return accepted(asPlaced, sentAtMs, answeredAtMs, { key, replayed: true });
    }
    const overLimit = (units.get(userId) ?? 0) + quantity > LIMIT;
    if (overLimit || taken + quantity > capacity) {
      const code = overLimit ? 'limit-reached' : 'sold-out';
      return refused(userId, sentAtMs, answeredAtMs, code, { key, lines: linesOf(wish) });
    }
    const order = take(wish);
    byKey.set(`${userId} ${key}`, order.id);
    return accepted(order, sentAtMs, answeredAtMs, { key });
  }

  function take({ userId, quantity }: Wish): OrderState {
    const times = { placedAt: clock(nowMs), payBy: clock(nowMs + HOLD_MS) };
    const order = makeOrder(userId, orders.size + 1, quantity, times);
    orders.set(order.id, order);
    move(userId, quantity);
    if (returns && random() < 0.5) {
      at(nowMs + HOLD_MS + upTo(30), () => {
        orders.set(order.id, { ...order, status: 'expired' });
        move(userId, -quantity);
      });
    }
    return order;
  }

  function move(userId: string, quantity: number): void {
    taken += quantity;
    version += 1;
    units.set(userId, (units.get(userId) ?? 0) + quantity);
  }

  function restock(sentAtMs: number): void {
    at(sentAtMs + upTo(10), () => {
      capacity = Math.max(taken, capacity + upTo(7) - 4);
      version += 1;
      const change = changeStock(sentAtMs, nowMs + upTo(10), capacity, version);
      const lost = { answeredAtMs: null, capacity: null, version: null };
      records.push(random() < 0.1 ? { ...change, ...lost } : change);
    });
  }

  function look(sentAtMs: number): void {
    at(sentAtMs + upTo(5), () => {
      const answeredAtMs = nowMs + upTo(5);
      const seen = [...orders.values()].map(({ id, status }) => ({ id, status }));
      records.push({ operation: 'read-orders', sentAtMs, answeredAtMs, orders: seen });
      records.push({ ...readSale(answeredAtMs, showItem()), sentAtMs });
    });
  }

  function showItem(): ItemState {
    return makeItem(capacity, taken, { limitPerCustomer: LIMIT, version });
  }

  return { records, orders, returns, upTo, send, restock, look, run, showItem };
}

function linesOf(wish: Wish): { itemId: string; quantity: number }[] {
  return [{ itemId: ITEM_ID, quantity: wish.quantity }];
}

function clock(ms: number): string {
  return new Date(BASE_MS + ms).toISOString();
}

function simulate(seed: number): { history: History; final: FinalState } {
  const model = createModel(seed);
  model.records.push(readSale(-1, model.showItem()));
  for (let index = 0; index < 60; index += 1) {
    const wish = { userId: `user-${model.upTo(20)}`, key: `key-${index}`, quantity: model.upTo(3) };
    model.send(wish, model.upTo(200));
  }
  for (let count = 0; count < 6; count += 1) model.look(model.upTo(250));
  for (let count = 0; count < 4 && model.returns; count += 1) model.restock(model.upTo(200));
  model.run();
  const final = { sale: makeSale(model.showItem()), orders: [...model.orders.values()] };
  return { history: sortHistory(model.records), final };
}

test('a right engine is never accused, whatever overlaps, is lost, expires or is restocked', () => {
  let refusals = 0;
  for (let seed = 1; seed <= 400; seed += 1) {
    const { history, final } = simulate(seed);
    refusals += history.placings.filter((attempt) => attempt.code === 'sold-out').length;
    assert.deepEqual(checkHistory(history, final), [], `seed ${seed}`);
  }
  assert.ok(refusals > 1000, `the simulation must sell out; ${refusals} refusals`);
});
