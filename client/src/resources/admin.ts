import type { CallOptions, KeyedOptions } from '../call-options.ts';
import type { AuditEntry, Body, Incident, PaymentDiscrepancy, Query, TestBuyers } from '../documents.ts';
import type { List, Listing } from '../listing.ts';
import type { Send } from '../send.ts';

/** What operators look after. */
export function createAdmin({ send, list }: { send: Send; list: List }) {
  return {
    /** Where the books of a payment provider and the ledger's differ. */
    listPaymentDiscrepancies: (
      query?: Query<'listPaymentDiscrepancies'>,
      options?: CallOptions,
    ): Listing<PaymentDiscrepancy> => list('listPaymentDiscrepancies', {}, query, options),

    /** Who changed what. */
    listAuditLog: (query?: Query<'listAuditLog'>, options?: CallOptions): Listing<AuditEntry> =>
      list('listAuditLog', {}, query, options),

    /** Alerts, open and resolved. */
    listIncidents: (query?: Query<'listIncidents'>, options?: CallOptions): Listing<Incident> =>
      list('listIncidents', {}, query, options),

    /** Makes buyers who may order in a test sale only. A repeat has null for their tokens. @throws `not-a-test-sale` */
    makeTestBuyers: (wish: Body<'makeTestBuyers'>, options?: KeyedOptions): Promise<TestBuyers> =>
      send('makeTestBuyers', { body: wish }, options),
  };
}
