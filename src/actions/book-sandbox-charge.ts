import type { Database } from '../ledger/database.ts';
import { chargeSandboxPayments, type SandboxCharge, type SandboxPayment } from '../ledger/sandbox-books.ts';
import { createBatchQueue } from './batch-queue.ts';

/** Bounds one statement. */
const BATCH_SIZE_MAX = 200;

interface Booked {
  readonly outcome: 'booked';
  readonly payment: SandboxPayment | undefined;
}

/**
 * Books the charges of the sandbox in groups: those that come while a statement is under way are one statement and one
 * commit. Rejects where the books could not be used; then the charge may have been booked or not.
 */
export function createBookSandboxCharge(options: {
  database: Database;
  waitingMax: number;
  deadlineMs: number;
}): (charge: SandboxCharge) => Promise<SandboxPayment | undefined> {
  const { database, ...limits } = options;
  const queue = createBatchQueue<SandboxCharge, Booked>({
    ...limits,
    async run(charges) {
      const booked = await bookInTurn(database, charges);
      return charges.map((charge) => ({ outcome: 'booked', payment: booked.get(charge) }));
    },
    batchSizeMax: BATCH_SIZE_MAX,
    concurrency: 1,
  });
  return async (charge) => {
    const booked = await queue.submit(charge);
    if (booked.outcome !== 'booked') throw new Error("Too many charges wait for the sandbox's books.");
    return booked.payment;
  };
}

/** A second charge of a payment finds what came of the first: no statement has two of one payment. */
async function bookInTurn(
  database: Database,
  charges: readonly SandboxCharge[],
): Promise<Map<SandboxCharge, SandboxPayment | undefined>> {
  const firsts = [...Map.groupBy(charges, ({ paymentId }) => paymentId).values()].flatMap((its) => its.slice(0, 1));
  const payments = await chargeSandboxPayments(database, firsts);
  const booked = new Map(firsts.map((charge) => [charge, payments.get(charge.paymentId)]));
  const repeats = charges.filter((charge) => !booked.has(charge));
  return repeats.length === 0 ? booked : new Map([...booked, ...(await bookInTurn(database, repeats))]);
}
