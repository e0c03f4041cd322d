import { pipeline, Readable } from 'node:stream';
import { type Stringifier, stringify } from 'csv-stringify';
import type { FastifyBaseLogger, onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Payment, Refund } from '../../../domain/payment.ts';
import type { Database } from '../../../ledger/database.ts';
import { findPaymentsOf } from '../../../ledger/payments.ts';
import {
  listOrders,
  type OrderFilter,
  type OrderPosition,
  positionIn,
  type StoredOrder,
  sequenceOf,
} from '../../../ledger/read-orders.ts';
import { findRefundsOf } from '../../../ledger/read-refunds.ts';
import { readSnapshot } from '../../../ledger/read-snapshot.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { ORDER_FILTER_QUERY, orderFilterOf } from './order-filter.ts';

/** Orders that are in memory at once, for each export that runs. */
const PAGE_ORDERS = 200;

const COLUMNS = [
  'id',
  'saleId',
  'userId',
  'status',
  'version',
  'arrival',
  'currency',
  'totalMinor',
  'capturedMinor',
  'refundedMinor',
  'reference',
  'placedAt',
  'items',
] as const;

type ExportedOrder = Record<(typeof COLUMNS)[number], string | number | null>;

/** `GET /api/v1/orders/export` */
export function exportOrdersRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  const { authenticated, database } = options;
  app.get(
    '/api/v1/orders/export',
    {
      onRequest: authenticated,
      schema: {
        operationId: 'exportOrders',
        tags: ['orders'],
        summary: 'Export orders',
        description:
          'All orders of the list with the same filters, as CSV (RFC 4180) with one row for each order. Text that a spreadsheet would take for a formula begins with an apostrophe.',
        querystring: Type.Object(ORDER_FILTER_QUERY, { additionalProperties: false }),
        response: {
          200: {
            description: `The columns: ${COLUMNS.join(', ')}.`,
            content: { 'text/csv': { schema: Type.Unsafe<Readable>({ type: 'string' }) } },
          },
        },
      },
    },
    async (request, reply) => {
      const filter = await orderFilterOf(database, callerOf(request), request.query);
      reply
        .type('text/csv; charset=utf-8')
        .header('Content-Disposition', 'attachment; filename="orders.csv"')
        .header('Cache-Control', 'no-store');
      // Only to tell the headers; the server would read the whole export and drop it.
      if (request.method === 'HEAD') return reply.send(Readable.from([]));
      // Before anything is sent: what goes wrong here still gets its problem document.
      const first = await readPage(database, filter, undefined);
      return reply.send(toCsv(allOrders(database, filter, first), request.log));
    },
  );
}

interface Page {
  readonly orders: readonly ExportedOrder[];
  /** Where the next page begins; undefined after the last. */
  readonly end: OrderPosition | undefined;
}

/** One page from one moment. The connection is given back before the page is written. */
async function readPage(database: Database, filter: OrderFilter, after: OrderPosition | undefined): Promise<Page> {
  return readSnapshot(database, async (db) => {
    const orders = await listOrders(db, filter, after, PAGE_ORDERS);
    const ids = orders.map(({ id }) => id);
    const [payments, refunds] = await Promise.all([findPaymentsOf(db, ids), findRefundsOf(db, ids)]);
    const last = orders.at(PAGE_ORDERS - 1);
    return {
      orders: orders.map((order) => toExported(order, payments.get(order.id) ?? [], refunds.get(order.id) ?? [])),
      end: last && positionIn(sequenceOf(filter), last),
    };
  });
}

function toExported(order: StoredOrder, payments: readonly Payment[], refunds: readonly Refund[]): ExportedOrder {
  const { id, saleId, customerId, status, version, arrival, currency, totalMinor, reference, placedAt, lines } = order;
  return {
    id,
    saleId,
    userId: customerId,
    status,
    version,
    arrival,
    currency,
    totalMinor,
    capturedMinor: payments.reduce((sum, payment) => sum + payment.capturedMinor, 0),
    refundedMinor: refunds.reduce((sum, refund) => sum + (refund.status === 'succeeded' ? refund.amountMinor : 0), 0),
    reference,
    placedAt: placedAt.toISOString(),
    items: lines.map(({ name, quantity }) => `${name} × ${quantity}`).join('; '),
  };
}

/** A page is read when the one before is written. */
async function* allOrders(database: Database, filter: OrderFilter, first: Page): AsyncGenerator<ExportedOrder> {
  for (let page = first; ; ) {
    // Not yield*: an array's iterator takes no error, such as that of a client that hangs up.
    for (const order of page.orders) yield order;
    if (page.end === undefined) return;
    page = await readPage(database, filter, page.end);
  }
}

/** The text of the rows. Whoever ends it early, as a client that hangs up does, ends the reading as well. */
function toCsv(rows: AsyncIterable<ExportedOrder>, log: FastifyBaseLogger): Stringifier {
  const text = stringify({
    header: true,
    columns: [...COLUMNS],
    record_delimiter: 'windows',
    // By itself it quotes the whole delimiter only, and either of its characters breaks a row for some readers.
    quoted_match: /[\r\n]/,
    escape_formulas: true,
  });
  pipeline(Readable.from(rows), text, (error) => {
    if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') log.error({ err: error }, 'an export broke off');
  });
  return text;
}
