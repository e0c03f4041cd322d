import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { after, test } from 'node:test';
import { openLedger } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import type { Database } from '../ledger/database.ts';
import { findSandboxPayment, type SandboxCharge } from '../ledger/sandbox-books.ts';
import { createBookSandboxCharge } from './book-sandbox-charge.ts';

const stage = createStage({ after });
const database = await stage.database();
const ledger = openLedger(database, false);
stage.atEnd(() => ledger.close());

function chargeOf(rest: Partial<SandboxCharge> = {}): SandboxCharge {
  const paymentId = randomUUIDv7();
  return {
    paymentId,
    providerRef: `sandbox_${paymentId}`,
    orderId: randomUUIDv7(),
    capture: 'automatic',
    currency: 'EUR',
    amountMinor: 1_500,
    paymentMethod: 'card_ok',
    status: 'captured',
    repeatStatus: 'captured',
    declineCode: null,
    returnUrl: null,
    silent: false,
    ...rest,
  };
}

function open(over: Database = ledger, waitingMax = 100) {
  return createBookSandboxCharge({ database: over, waitingMax, deadlineMs: 5_000 });
}

test('charges that come at once are one statement, and each gets what its own came to', async () => {
  let statements = 0;
  const query: Database['query'] = (statement, values) => {
    statements += 1;
    return ledger.query(statement, values);
  };
  const book = open({ ...ledger, query });
  const charges = [
    chargeOf(),
    chargeOf({ amountMinor: 7, status: 'failed', declineCode: 'card_declined', paymentMethod: null }),
    chargeOf({ status: 'requires_action', returnUrl: 'https://shop.example/{"back",NULL}', capture: 'manual' }),
    chargeOf({ status: 'captured', silent: true }),
  ];
  const booked = await Promise.all(charges.map(book));
  assert.equal(statements, 1);
  for (const [index, { repeatStatus: _, ...asked }] of charges.entries()) {
    const capturedMinor = asked.status === 'captured' ? asked.amountMinor : 0;
    assert.deepEqual(booked[index], { ...asked, capturedMinor, refundedMinor: 0 });
    assert.deepEqual(await findSandboxPayment(ledger, asked.paymentId), booked[index]);
  }
});

test('PAY-01 two charges of one payment at once: one is booked, the other changes nothing', async () => {
  const book = open();
  const charge = chargeOf();
  const other = chargeOf();
  const booked = await Promise.all([
    book(charge),
    book({ ...charge, status: 'failed', repeatStatus: 'failed' }),
    book(other),
  ]);
  assert.deepEqual(
    booked.map((payment) => payment?.status),
    ['captured', undefined, 'captured'],
  );
  assert.equal((await findSandboxPayment(ledger, charge.paymentId))?.status, 'captured');
});

test('PAY-03 what came to nothing yet comes to what its repeat says, beside first charges of others', async () => {
  const book = open();
  const charge = chargeOf({ status: 'unconfirmed', repeatStatus: 'captured' });
  assert.equal((await book(charge))?.status, 'unconfirmed');
  const [repeated, first] = await Promise.all([
    book(charge),
    book(chargeOf({ status: 'failed', repeatStatus: 'failed' })),
  ]);
  assert.deepEqual([repeated?.status, repeated?.capturedMinor, first?.status], ['captured', 1_500, 'failed']);
  assert.equal(await book(charge), undefined);
});

test('PAY-02 books with too many in front of them reject, so that the outcome is asked for', async () => {
  await assert.rejects(open(ledger, 0)(chargeOf()), /wait for the sandbox's books/);
});
