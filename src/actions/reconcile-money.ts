import { isOpen } from '../domain/payment.ts';
import type { Database } from '../ledger/database.ts';
import { ID_MIN } from '../ledger/id-range.ts';
import { type BookedPayment, findBookedPayments, listMovedPayments } from '../ledger/payment-books.ts';
import {
  type Discrepancy,
  type DiscrepancyKind,
  forgetDiscrepancies,
  keepDiscrepancy,
  listUnseenDiscrepancies,
} from '../ledger/payment-discrepancies.ts';
import { askUnlessFailed } from '../ledger/payment-jobs.ts';
import {
  OutcomeUnknownError,
  type PaymentProvider,
  type PaymentReference,
  type ProviderPayment,
} from '../payments/payment-provider.ts';

/** Payments that are looked up at once. */
const PAGE_SIZE = 200;

/** What a comparison of the books came to. */
export interface Reconciliation {
  readonly compared: number;
  /** How many differences it has found. */
  readonly discrepancies: number;
}

/** Which payments are compared. */
export interface ComparedSpan {
  readonly since: Date;
  /** When the comparison begins. */
  readonly now: Date;
  /** Payments made later may be known to one side only, for good reasons. */
  readonly settledBefore: Date;
  /** Ends the comparison early; what it has not seen again is kept. */
  readonly stopping: AbortSignal;
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
  { since, now, settledBefore, stopping }: ComparedSpan,
): Promise<Reconciliation> {
  const known = new Set<string>();
  let compared = 0;
  let discrepancies = 0;
  const keep = async (found: readonly Discrepancy[]) => {
    for (const each of found) await keepDiscrepancy(database, each, now);
    discrepancies += found.length;
  };

  for await (const page of pagesOf(provider.listPayments(since))) {
    if (stopping.aborted) return { compared, discrepancies };
    compared += page.length;
    for (const payment of page) if (payment.paymentId !== null) known.add(payment.paymentId);
    await keep(await comparePage(database, provider, page, { settledBefore, stopping }));
  }
  for await (const id of movedPayments(database, provider.name, { since, until: settledBefore })) {
    if (stopping.aborted) return { compared, discrepancies };
    if (!known.has(id)) await keep(await compareMissing(database, provider, id));
  }
  for (const older of await listUnseenDiscrepancies(database, provider.name, now)) {
    if (stopping.aborted) return { compared, discrepancies };
    // Of this run's payments it is known that they agree by now; those that are older are asked for by name.
    const agrees = older.paymentId !== null && known.has(older.paymentId);
    const found = agrees ? [] : await compareOlder(database, provider, older);
    if (found === undefined) discrepancies += 1;
    else if (found.length > 0) await keep(found);
    else await forgetDiscrepancies(database, provider.name, older.subject, now);
  }
  return { compared, discrepancies };
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
  { settledBefore, stopping }: Pick<ComparedSpan, 'settledBefore' | 'stopping'>,
): Promise<Discrepancy[]> {
  // Payments that the engine did not make (another shop on the same account) are none of its business.
  const ours = page.flatMap((seen) => (seen.paymentId === null ? [] : [{ ...seen, paymentId: seen.paymentId }]));
  const booked = await findBookedPayments(
    database,
    ours.map(({ paymentId }) => paymentId),
  );
  const found: Discrepancy[] = [];
  for (const seen of ours) {
    if (stopping.aborted) break;
    if (differences(provider.name, booked.get(seen.paymentId), seen).length === 0) continue;
    found.push(...(await lookAgain(database, provider, seen, settledBefore)));
  }
  return found;
}

type SeenPayment = ProviderPayment & { readonly paymentId: string };

/** Takes in what the provider knows more, and compares once more. A provider that is silent now keeps its listed word. */
async function lookAgain(
  database: Database,
  provider: PaymentProvider,
  seen: SeenPayment,
  settledBefore: Date,
): Promise<Discrepancy[]> {
  const { paymentId } = seen;
  const before = (await findBookedPayments(database, [paymentId])).get(paymentId);
  if (before === undefined) return differences(provider.name, undefined, seen);
  if (differences(provider.name, before, seen).some(({ kind }) => kind === 'status')) {
    await askUnlessFailed(database, paymentId);
  }
  const now = await findOrKeep(provider, before, seen);
  const after = (await findBookedPayments(database, [paymentId])).get(paymentId);
  // What was charged a moment ago is about to be committed.
  if (after !== undefined && isOpen(after) && after.createdAt >= settledBefore) return [];
  return differences(provider.name, after, now);
}

async function findOrKeep(provider: PaymentProvider, booked: BookedPayment, seen: SeenPayment): Promise<SeenPayment> {
  try {
    return { ...(await provider.find({ ...booked, providerRef: seen.providerRef })), paymentId: seen.paymentId };
  } catch (error) {
    if (error instanceof OutcomeUnknownError) return seen;
    throw error;
  }
}

/** The ledger has money of which the provider's list says nothing. */
async function compareMissing(
  database: Database,
  provider: PaymentProvider,
  paymentId: string,
): Promise<Discrepancy[]> {
  const booked = (await findBookedPayments(database, [paymentId])).get(paymentId);
  if (booked === undefined) return [];
  const found = await findByName(provider, booked);
  if (found === undefined) return [];
  return found.status === 'unconfirmed' || found.capturedMinor < booked.capturedMinor
    ? [missing(provider, booked)]
    : differences(provider.name, booked, { ...found, paymentId });
}

function missing(provider: PaymentProvider, booked: BookedPayment): Discrepancy {
  return {
    provider: provider.name,
    subject: booked.id,
    kind: 'missing_payment',
    orderId: booked.orderId,
    paymentId: booked.id,
    ledgerSays: `${booked.status} ${booked.capturedMinor}`,
    providerSays: null,
  };
}

/** Compares a payment about which a difference is known, though it is too old to be listed. Undefined: nobody can tell. */
async function compareOlder(
  database: Database,
  provider: PaymentProvider,
  { subject, paymentId }: { readonly subject: string; readonly paymentId: string | null },
): Promise<Discrepancy[] | undefined> {
  if (paymentId === null) return undefined;
  const booked = (await findBookedPayments(database, [paymentId])).get(paymentId);
  if (booked === undefined) {
    const found = await findByName(provider, { ...NOT_BOOKED, id: paymentId, providerRef: subject });
    return found && differences(provider.name, undefined, { ...found, paymentId });
  }
  if (subject === booked.id) return compareMissing(database, provider, booked.id);
  const found = await findByName(provider, booked);
  return found && differences(provider.name, booked, { ...found, paymentId: booked.id });
}

/** A payment that the ledger does not know is found by the provider's own id; the rest is not looked at. */
const NOT_BOOKED = { orderId: ID_MIN, amountMinor: 1, currency: 'EUR', capture: 'automatic' } as const;

/** What the provider knows of one payment; undefined while it is silent. */
async function findByName(provider: PaymentProvider, booked: PaymentReference): Promise<ProviderPayment | undefined> {
  try {
    return await provider.find(booked);
  } catch (error) {
    if (error instanceof OutcomeUnknownError) return undefined;
    throw error;
  }
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

function differences(provider: string, booked: BookedPayment | undefined, seen: SeenPayment): Discrepancy[] {
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
    const moved = seen.status === 'authorized' || seen.capturedMinor > seen.refundedMinor;
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
