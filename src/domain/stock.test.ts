import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaled } from '../../test/support/scale.ts';
import { allocate, type ItemState, type OrderRequest, type StockState, unitsKey } from './stock.ts';

const NOW = new Date('2026-01-01T12:00:00Z');
const HOUR_MS = 3_600_000;

function state(
  changes: { items?: Partial<ItemState>[]; sale?: object; units?: Record<string, number> } = {},
): StockState {
  const sale = {
    id: 'sale',
    merchantId: 'shop',
    currency: 'EUR',
    opensAt: new Date(NOW.getTime() - HOUR_MS),
    closesAt: new Date(NOW.getTime() + HOUR_MS),
    pausedAt: null,
    fulfillment: 'direct' as const,
    holdSeconds: 300,
    acceptanceSeconds: 240,
    test: false,
    lastArrival: 7,
    ...changes.sale,
  };
  const items = (changes.items ?? [{}]).map((item, index) => ({
    id: `item${index}`,
    saleId: 'sale',
    name: 'Poster',
    priceMinor: 1_500,
    limitPerCustomer: null,
    available: 10,
    version: 1,
    ...item,
  }));
  return {
    now: NOW,
    sales: new Map([[sale.id, sale]]),
    items: new Map(items.map((item) => [item.id, item])),
    units: new Map(Object.entries(changes.units ?? {})),
  };
}

const request = (lines: Record<string, number> = { item0: 1 }, customerId = 'anna'): OrderRequest => ({
  saleId: 'sale',
  onlyMerchantId: null,
  customerId,
  lines: Object.entries(lines).map(([itemId, quantity]) => ({ itemId, quantity })),
});

const only = (of: StockState, asked: OrderRequest) => allocate(of, [asked])[0];

test('an accepted order has the next arrival number, its price, and a time to pay by', () => {
  const decision = only(state({ items: [{}, { priceMinor: 250 }] }), request({ item0: 2, item1: 3 }));
  assert.ok(decision?.outcome === 'accepted');
  assert.equal(decision.arrival, 8);
  assert.equal(decision.totalMinor, 2 * 1_500 + 3 * 250);
  assert.equal(decision.status, 'pending_payment');
  assert.deepEqual(decision.payBy, new Date(NOW.getTime() + 300_000));
});

test('nothing to pay: straight to paid, by how the sale is fulfilled', () => {
  const free = { items: [{ priceMinor: 0 }] };
  const direct = only(state(free), request());
  assert.equal(direct?.outcome === 'accepted' && direct.status, 'confirmed');
  const kitchen = only(state({ ...free, sale: { fulfillment: 'kitchen' } }), request());
  assert.equal(kitchen?.outcome === 'accepted' && kitchen.status, 'pending_acceptance');
});

test('each order has the deadline of its status and no other', () => {
  const deadlines = (priceMinor: number, fulfillment: 'direct' | 'kitchen') => {
    const decision = only(state({ items: [{ priceMinor }], sale: { fulfillment } }), request());
    assert.ok(decision?.outcome === 'accepted');
    return [decision.payBy, decision.acceptBy];
  };
  const payBy = new Date(NOW.getTime() + 300_000);
  const acceptBy = new Date(NOW.getTime() + 240_000);
  assert.deepEqual(deadlines(0, 'kitchen'), [null, acceptBy]);
  assert.deepEqual(deadlines(0, 'direct'), [null, null]);
  assert.deepEqual(deadlines(1_500, 'kitchen'), [payBy, null]);
  assert.deepEqual(deadlines(1_500, 'direct'), [payBy, null]);
});

test('refusals in their fixed order of precedence', () => {
  const closed = { closesAt: NOW };
  const soldOut = { available: 0, limitPerCustomer: 1 };
  const full = { [unitsKey('item0', 'anna')]: 1 };
  const refusal = (of: StockState, asked = request()) => only(of, asked)?.outcome;
  assert.equal(refusal(state({ sale: closed }), { ...request(), saleId: 'other' }), 'unknown-sale');
  assert.equal(refusal(state({ sale: closed, items: [soldOut], units: full }), request({ item9: 1 })), 'unknown-item');
  assert.equal(refusal(state({ sale: closed, items: [soldOut], units: full })), 'sale-not-open');
  assert.equal(refusal(state({ items: [soldOut], units: full })), 'limit-reached');
  assert.equal(refusal(state({ items: [soldOut] })), 'sold-out');
});

test('a sale opens at opensAt and takes nothing from closesAt on', () => {
  const at = (sale: object) => only(state({ sale }), request());
  assert.equal(at({ opensAt: NOW })?.outcome, 'accepted');
  const early = at({ opensAt: new Date(NOW.getTime() + 1) });
  assert.equal(early?.outcome === 'sale-not-open' && early.saleStatus, 'scheduled');
  const late = at({ closesAt: NOW });
  assert.equal(late?.outcome === 'sale-not-open' && late.saleStatus, 'closed');
  const paused = at({ pausedAt: NOW });
  assert.equal(paused?.outcome === 'sale-not-open' && paused.saleStatus, 'paused');
});

test('an item of another sale is unknown, and the line is named', () => {
  const decision = only(state({ items: [{}, { saleId: 'other' }] }), request({ item0: 1, item1: 1 }));
  assert.deepEqual(decision, { outcome: 'unknown-item', lineIndexes: [1] });
});

test("a shop's back end orders in its own merchant's sales only", () => {
  assert.equal(only(state(), { ...request(), onlyMerchantId: 'shop' })?.outcome, 'accepted');
  assert.equal(only(state(), { ...request(), onlyMerchantId: 'other' })?.outcome, 'unknown-sale');
});

test('the limit counts what the same batch gave before', () => {
  const decisions = allocate(state({ items: [{ limitPerCustomer: 2 }] }), [
    request(),
    request(),
    request(),
    request({ item0: 1 }, 'ben'),
  ]);
  assert.deepEqual(
    decisions.map((decision) => decision.outcome),
    ['accepted', 'accepted', 'limit-reached', 'accepted'],
  );
});

test('what is left is told, and a smaller order behind a refused one still gets it', () => {
  const decisions = allocate(state({ items: [{ available: 2 }] }), [request({ item0: 3 }), request({ item0: 2 })]);
  assert.deepEqual(decisions[0], { outcome: 'sold-out', items: [{ itemId: 'item0', requested: 3, available: 2 }] });
  assert.equal(decisions[1]?.outcome, 'accepted');
});

test('S-02 for any requests: never more than there is, all or nothing, no refusal while enough is left, no gap in arrival', () => {
  const requests = fc.array(
    fc.record({
      customer: fc.constantFrom('anna', 'ben', 'cleo'),
      quantities: fc.uniqueArray(fc.tuple(fc.constantFrom('item0', 'item1', 'item2'), fc.integer({ min: 1, max: 4 })), {
        selector: ([item]) => item,
        minLength: 1,
      }),
    }),
    { maxLength: 30 },
  );
  const stock = fc.array(
    fc.record({ available: fc.nat(12), limitPerCustomer: fc.option(fc.integer({ min: 1, max: 6 })) }),
    {
      minLength: 3,
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(stock, requests, (items, asked) => {
      const left = new Map(items.map((item, index) => [`item${index}`, item.available]));
      const taken = new Map<string, number>();
      const decisions = allocate(
        state({ items }),
        asked.map(({ customer, quantities }) => request(Object.fromEntries(quantities), customer)),
      );
      let arrival = 7;
      for (const [index, { customer, quantities }] of asked.entries()) {
        const fits = quantities.every(([item, quantity]) => (left.get(item) ?? 0) >= quantity);
        const allowed = quantities.every(([item, quantity]) => {
          const limit = items[Number(item.slice(4))]?.limitPerCustomer ?? Number.POSITIVE_INFINITY;
          return (taken.get(unitsKey(item, customer)) ?? 0) + quantity <= limit;
        });
        const decision = decisions[index];
        assert.equal(decision?.outcome, allowed ? (fits ? 'accepted' : 'sold-out') : 'limit-reached');
        if (decision?.outcome !== 'accepted') continue;
        arrival += 1;
        assert.equal(decision.arrival, arrival);
        for (const [item, quantity] of quantities) {
          left.set(item, (left.get(item) ?? 0) - quantity);
          taken.set(unitsKey(item, customer), (taken.get(unitsKey(item, customer)) ?? 0) + quantity);
        }
      }
    }),
    { numRuns: scaled(200, 20_000) },
  );
});
