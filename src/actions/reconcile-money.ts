import type { Database } from '../ledger/database.ts';
import { ID_MIN } from '../ledger/id-range.ts';
import { type BookedPayment, findBookedPayments, listMovedPayments } from '../ledger/payment-books.ts';
import {
  type Discrepancy,
  type DiscrepancyKind,
  forgetDiscrepancies,
  keepDiscrepancy,
} from '../ledger/payment-discrepancies.ts';
import { askSoon } from '../ledger/payment-jobs.ts';
import type { PaymentProvider, ProviderPayment } from '../payments/payment-provider.ts';

/** Payments that are looked up at once. */
const PAGE_SIZE = 200;

/** What a comparison of the books came to. */
export interface Reconciliation {
  readonly compared: number;
  readonly discrepancies: readonly Discrepancy[];
}

/**
 * Compares the provider's books with the ledger's, payment by payment and in both directions, for payments made since
 * `since`. A payment about which the ledger knows less than the provider is asked for again, and taken in by the usual
 * rules; whatever still differs is kept for a person until the books agree.
 *
 * The two are read one after the other while both go on, so a difference counts when a second look confirms it.
 */
export async function reconcileMoney(
  database: Database,
  provider: PaymentProvider,
  span: { readonly since: Date; readonly now: Date; readonly settledBefore: Date },
): Promise<Reconciliation> {
  const known = new Set<string>();
  const found: Discrepancy[] = [];
  let compared = 0;
  for await (const page of pagesOf(provider.listPayments(span.since))) {
    compared += page.length;
    for (const payment of page) if (payment.paymentId !== null) known.add(payment.paymentId);
    found.push(...(await comparePage(database, provider, page)));
  }
  for await (const id of movedPayments(database, provider.name, { since: span.since, until: span.settledBefore })) {
    if (!known.has(id)) found.push(...(await compareMissing(database, provider, id)));
  }
  for (const each of found) await keepDiscrepancy(database, each, span.now);
  await forgetDiscrepancies(database, provider.name, span.now);
  return { compared, discrepancies: found };
}

async function* pagesOf(payments: AsyncIterable<ProviderPayment>): AsyncIterable<ProviderPayment[]> {
  let page: ProviderPayment[] = [];
  for await (const payment of payments) {
    page.push(payment);
    if (page.length < PAGE_SIZE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function* movedPayments(
  database: Database,
  provider: string,
  span: { readonly since: Date; readonly until: Date },
): AsyncIterable<string> {
  let after = { createdAt: span.since, id: ID_MIN };
  for (;;) {
    const page = await listMovedPayments(database, provider, span, after, PAGE_SIZE);
    for (const { id } of page) yield id;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_SIZE) return;
    after = last;
  }
}

async function comparePage(
  database: Database,
  provider: PaymentProvider,
  page: readonly ProviderPayment[],
): Promise<Discrepancy[]> {
  // Payments that the engine did not make (another shop on the same account) are none of its business.
  const ours = page.flatMap((seen) => (seen.paymentId === null ? [] : [{ ...seen, paymentId: seen.paymentId }]));
  const booked = await findBookedPayments(
    database,
    ours.map(({ paymentId }) => paymentId),
  );
  const found: Discrepancy[] = [];
  for (const seen of ours) {
    if (differences(provider.name, booked.get(seen.paymentId), seen).length === 0) continue;
    found.push(...(await lookAgain(database, provider, seen)));
  }
  return found;
}

/** Takes in what the provider knows more, and compares once more. */
async function lookAgain(
  database: Database,
  provider: PaymentProvider,
  seen: ProviderPayment & { readonly paymentId: string },
): Promise<Discrepancy[]> {
  const { paymentId } = seen;
  const before = (await findBookedPayments(database, [paymentId])).get(paymentId);
  if (before === undefined) return differences(provider.name, undefined, seen);
  await askSoon(database, paymentId);
  const now = await provider.find({ ...before, providerRef: seen.providerRef });
  const after = (await findBookedPayments(database, [paymentId])).get(paymentId);
  return differences(provider.name, after, { ...now, paymentId });
}

/** The ledger has money of which the provider's list says nothing: is it asked by name, does it know it? */
async function compareMissing(
  database: Database,
  provider: PaymentProvider,
  paymentId: string,
): Promise<Discrepancy[]> {
  const booked = (await findBookedPayments(database, [paymentId])).get(paymentId);
  if (booked === undefined) return [];
  return [
    {
      provider: provider.name,
      subject: paymentId,
      kind: 'missing_payment',
      orderId: booked.orderId,
      paymentId,
      ledgerSays: `${booked.status} ${booked.capturedMinor}`,
      providerSays: null,
    },
  ];
}

/** Which of the provider's statuses fit one of the ledger's. */
const FITTING: Readonly<Record<BookedPayment['status'], readonly ProviderPayment['status'][]>> = {
  processing: ['unconfirmed', 'processing', 'requires_action'],
  requires_action: ['requires_action', 'processing'],
  authorized: ['authorized'],
  captured: ['captured'],
  failed: ['failed', 'cancelled'],
  cancelled: ['cancelled', 'failed'],
};

function differences(
  provider: string,
  booked: BookedPayment | undefined,
  seen: ProviderPayment & { readonly paymentId: string },
): Discrepancy[] {
  const about = {
    provider,
    subject: seen.providerRef ?? seen.paymentId,
    paymentId: seen.paymentId,
    orderId: booked?.orderId ?? null,
  };
  const differ = (kind: DiscrepancyKind, ledger: unknown, theirs: unknown): Discrepancy => ({
    ...about,
    kind,
    ledgerSays: ledger === null ? null : String(ledger),
    providerSays: String(theirs),
  });
  if (booked === undefined) {
    const moved = seen.status === 'authorized' || seen.status === 'captured';
    return moved ? [differ('unknown_payment', null, `${seen.status} ${seen.amountMinor} ${seen.currency}`)] : [];
  }
  const found: Discrepancy[] = [];
  if (booked.amountMinor !== seen.amountMinor || booked.currency !== seen.currency) {
    found.push(differ('amount', `${booked.amountMinor} ${booked.currency}`, `${seen.amountMinor} ${seen.currency}`));
  }
  if (!FITTING[booked.status].includes(seen.status)) found.push(differ('status', booked.status, seen.status));
  if (booked.capturedMinor !== seen.capturedMinor) {
    found.push(differ('captured', booked.capturedMinor, seen.capturedMinor));
  }
  const { refundedMinor, refundingMinor } = booked;
  if (seen.refundedMinor < refundedMinor || seen.refundedMinor > refundedMinor + refundingMinor) {
    found.push(differ('refunded', refundedMinor, seen.refundedMinor));
  }
  return found;
}
