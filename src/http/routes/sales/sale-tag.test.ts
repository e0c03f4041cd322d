import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { STEP_TERMS_DEFAULT } from '../../../domain/sale-terms.ts';
import type { CatalogueSale } from '../../../ledger/sale-catalogue.ts';
import { ProblemError } from '../../problems.ts';
import { requireSameDefinition, saleTag } from './sale-tag.ts';

const sale: CatalogueSale = {
  id: '01890000-0000-7000-8000-000000000001',
  merchantId: '01890000-0000-7000-8000-000000000002',
  name: 'Drop',
  currency: 'EUR',
  opensAt: new Date('2026-11-01T12:00:00Z'),
  closesAt: new Date('2026-11-01T13:00:00Z'),
  pausedAt: null,
  fulfillment: 'direct',
  ...STEP_TERMS_DEFAULT,
  test: false,
  version: 3,
  items: [item(4), item(7)],
  status: 'open',
  readAt: new Date('2026-11-01T12:30:00Z'),
};

function item(version: number): CatalogueSale['items'][number] {
  return {
    id: '01890000-0000-7000-8000-000000000003',
    name: 'Poster',
    priceMinor: 1_500,
    limitPerCustomer: null,
    version,
    capacity: 1,
    available: 1,
    held: 0,
    sold: 0,
  };
}

function withIfMatch(value: string | undefined): FastifyRequest {
  return { headers: value === undefined ? {} : { 'if-match': value } } as FastifyRequest;
}

function problemOf(value: string | undefined): string | undefined {
  try {
    requireSameDefinition(withIfMatch(value), sale);
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
}

test('the tag of a sale is strong and tells definition, stock and status', () => {
  assert.equal(saleTag(sale), '"3.11.open"');
});

test('the tag changes with the definition, with the stock of any item and with the status', () => {
  const tags = [
    sale,
    { ...sale, version: 4 },
    { ...sale, items: [item(5), item(7)] },
    { ...sale, items: [item(4), item(8)] },
    { ...sale, status: 'closed' as const },
  ].map(saleTag);
  assert.equal(new Set(tags.slice(0, 3)).size, 3);
  assert.notEqual(tags[3], tags[0]);
  assert.notEqual(tags[4], tags[0]);
});

for (const [name, ifMatch, expected] of [
  ['the whole current tag', '"3.11.open"', undefined],
  ['a tag from before stock moved and the sale opened', '"3.2.scheduled"', undefined],
  ['a list that holds the current tag', '"1.1.open", "3.11.open"', undefined],
  ['*', '*', undefined],
  ['a tag of an earlier definition', '"2.11.open"', 'precondition-failed'],
  ['a tag whose number only starts alike', '"33.11.open"', 'precondition-failed'],
  ['a weak tag', 'W/"3.11.open"', 'precondition-failed'],
  ['a tag of something else', '"3"', 'precondition-failed'],
  ['nothing', undefined, 'precondition-required'],
  ['no tag at all', '3.11.open', 'precondition-invalid'],
] as const) {
  test(`CR-03 If-Match with ${name}: ${expected ?? 'proceeds'}`, () => assert.equal(problemOf(ifMatch), expected));
}
