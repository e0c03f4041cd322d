import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './command.ts';
import { formatMoney, parsePrice } from './money.ts';

test('amounts are shown with the decimals of ISO 4217, also where another custom is usual', () => {
  assert.deepEqual(
    [
      formatMoney(123_450, 'EUR'),
      formatMoney(1_500, 'JPY'),
      formatMoney(1_500, 'KWD'),
      formatMoney(150_000, 'IDR'),
      formatMoney(0, 'USD'),
    ],
    ['EUR 1,234.50', 'JPY 1,500', 'KWD 1.500', 'IDR 1,500.00', 'USD 0.00'],
  );
});

test('a price is read as it stands on a price tag', () => {
  const cases: [text: string, currency: string, priceMinor: number][] = [
    ['15.00', 'EUR', 1_500],
    ['0.29', 'EUR', 29],
    ['1.005', 'KWD', 1_005],
    ['1500', 'JPY', 1_500],
    ['19999999.99', 'IDR', 1_999_999_999],
    ['0.00', 'EUR', 0],
  ];
  for (const [text, currency, priceMinor] of cases) assert.equal(parsePrice(text, currency), priceMinor, text);
});

test('a price that could be read in two ways is refused', () => {
  const cases: [text: string, currency: string][] = [
    ['15', 'EUR'],
    ['15.0', 'EUR'],
    ['15.000', 'EUR'],
    ['15,00', 'EUR'],
    ['1,500.00', 'EUR'],
    ['.50', 'EUR'],
    ['-1.00', 'EUR'],
    ['15.00', 'JPY'],
    ['15.00', 'KWD'],
    ['', 'EUR'],
    ['1e3', 'JPY'],
  ];
  for (const [text, currency] of cases) assert.throws(() => parsePrice(text, currency), UsageError, text);
});
