import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../command.ts';
import { type SaleValues, saleOf } from './sale-of.ts';

const NOW = new Date('2026-11-21T20:00:00.000Z');
const LEAST: SaleValues = { name: 'Drop', currency: 'EUR', closes: '+2h', item: ['Poster:15.00:500'] };
const sale = (values: SaleValues = {}) => saleOf({ ...LEAST, ...values }, NOW);

test('the least that makes a sale: it opens now, and what is handed out is handed out as it is', () => {
  assert.deepEqual(sale(), {
    merchantId: undefined,
    name: 'Drop',
    currency: 'EUR',
    opensAt: '2026-11-21T20:00:00.000Z',
    closesAt: '2026-11-21T22:00:00.000Z',
    fulfillment: 'direct',
    items: [{ name: 'Poster', priceMinor: 1_500, capacity: 500 }],
  });
});

test('everything that options can say', () => {
  const merchant = '01a1ffb3-6883-7773-8369-101d0d0d9771';
  const item = ['Poster:15.00:500:2', 'Print, signed:120.00:50'];
  const told = sale({
    opens: '2026-11-27T09:00+01:00',
    fulfillment: 'kitchen',
    test: true,
    merchant,
    item,
    key: 'friday',
  });
  assert.deepEqual(told, {
    merchantId: merchant,
    name: 'Drop',
    currency: 'EUR',
    opensAt: '2026-11-27T09:00:00+01:00',
    closesAt: '2026-11-27T10:00:00.000Z',
    fulfillment: 'kitchen',
    test: true,
    items: [
      { name: 'Poster', priceMinor: 1_500, capacity: 500, limitPerCustomer: 2 },
      { name: 'Print, signed', priceMinor: 12_000, capacity: 50 },
    ],
  });
});

test('what is missing, wrong or could be meant in two ways is refused', () => {
  const cases: [values: SaleValues, why: RegExp][] = [
    [{ name: undefined }, /--name, --currency, --closes and at least one --item must be given/],
    [{ item: [] }, /at least one --item/],
    [{ currency: 'eur' }, /--currency must be a code like EUR/],
    [{ fulfillment: 'post' }, /--fulfillment must be one of direct, kitchen/],
    [{ merchant: 'my shop' }, /--merchant must be an id/],
    [{ key: 'friday' }, /With --key, --opens must be given as a time/],
    [{ key: 'friday', opens: '+1h' }, /With --key, --opens must be given as a time/],
    [{ key: 'friday', opens: '2026-11-27T08:00Z', closes: 'now' }, /With --key, --closes must be/],
    [{ item: ['Poster:15.00'] }, /--item must be name:price:capacity/],
    [{ item: [':15.00:500'] }, /--item must be name:price:capacity/],
    [{ item: ['Film: the poster:15.00:500:2'] }, /A name with a colon needs --file/],
    [{ item: ['Poster:15.00:1,000'] }, /capacity .* whole number .* not "1,000"/],
    [{ item: ['Poster:15.00:500:0'] }, /limit .* whole number from 1/],
    [{ item: ['Poster:15:500'] }, /A price in EUR is written with 2 decimals/],
  ];
  for (const [values, message] of cases) {
    assert.throws(
      () => sale(values),
      (error) => error instanceof UsageError && message.test(error.message),
      `${message}`,
    );
  }
});
