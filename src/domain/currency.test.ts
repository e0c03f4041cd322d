import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCurrency } from './currency.ts';

for (const code of ['EUR', 'USD', 'JPY', 'AED', 'ZWG', 'XAF', 'VED']) {
  test(`${code} is a currency`, () => assert.equal(isCurrency(code), true));
}

for (const code of ['XXX', 'XTS', 'XAU', 'DEM', 'BGN', 'CHE', 'eur', 'EURO', '', ' ']) {
  test(`"${code}" is no currency to sell in`, () => assert.equal(isCurrency(code), false));
}
