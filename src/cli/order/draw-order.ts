import type { HistoryEntry, Order, Payment, Refund } from '../../../client/src/index.ts';
import { formatExactTime, formatStepTime } from '../moments.ts';
import { formatMoney } from '../money.ts';
import { tableOf } from '../print.ts';
import { type Column, drawFields } from '../table.ts';

/** Draws an order that was read with its payments, refunds and history: who, what, the money, and what happened when. */
export function drawOrder(order: Order): string {
  const { currency, payments = [], refunds = [], history = [] } = order;
  return [
    drawFields([
      ['Order', order.id],
      ['Status', order.status],
      ['Reference', order.reference],
      ['Sale', `${order.sale?.name ?? ''} (${order.saleId})`],
      ['Customer', order.userId],
      ['Placed', `${formatExactTime(order.placedAt)}, number ${order.arrival} of the sale`],
      ['Pay by', order.payBy && formatExactTime(order.payBy)],
      ['Accept by', order.acceptBy && formatExactTime(order.acceptBy)],
      ['Total', formatMoney(order.totalMinor, currency)],
    ]),
    tableOf(order.lines, lineColumns(currency)),
    ...(payments.length > 0 ? [tableOf(payments, PAYMENT_COLUMNS)] : []),
    ...(refunds.length > 0 ? [tableOf(refunds, refundColumns(currency))] : []),
    ...(history.length > 0 ? [tableOf(history, historyColumns(currency))] : []),
  ].join('\n\n');
}

function lineColumns(currency: string): Column<Order['lines'][number]>[] {
  return [
    { title: 'UNITS', value: ({ quantity }) => quantity.toString(), align: 'right' },
    { title: 'ITEM', value: ({ name }) => name, flexible: true },
    { title: 'EACH', value: ({ unitPriceMinor }) => formatMoney(unitPriceMinor, currency), align: 'right' },
    { title: 'TOGETHER', value: ({ totalMinor }) => formatMoney(totalMinor, currency), align: 'right' },
  ];
}

const PAYMENT_COLUMNS: readonly Column<Payment>[] = [
  { title: 'PAYMENT', value: ({ id }) => id },
  { title: 'STATUS', value: ({ status, declineCode }) => declineCode ?? status },
  { title: 'AMOUNT', value: ({ amountMinor, currency }) => formatMoney(amountMinor, currency), align: 'right' },
  { title: 'PROVIDER', value: ({ provider }) => provider },
];

function refundColumns(currency: string): Column<Refund>[] {
  return [
    { title: 'REFUND', value: ({ id }) => id },
    { title: 'STATUS', value: ({ status }) => status },
    { title: 'AMOUNT', value: ({ amountMinor }) => formatMoney(amountMinor, currency), align: 'right' },
    { title: 'WHY', value: ({ cause, reason }) => reason ?? cause, flexible: true },
  ];
}

function historyColumns(currency: string): Column<HistoryEntry>[] {
  return [
    { title: 'WHEN', value: ({ occurredAt }) => formatStepTime(occurredAt) },
    { title: 'WHAT', value: ({ type }) => type },
    { title: 'MORE', value: ({ details }) => moreOf(details, currency), flexible: true },
    { title: 'BY', value: ({ by }) => by },
    { title: 'STATUS AFTER', value: ({ status }) => status },
  ];
}

/** What an entry says of money and reasons. The names are those of the API's history. */
function moreOf(details: HistoryEntry['details'], currency: string): string {
  const { payment, refund, refunds, reason, retainedMinor, restocked } = (details ?? {}) as Details;
  const money = (amountMinor: number) => formatMoney(amountMinor, currency);
  return [
    ...(payment ? [`${payment.declineCode ?? payment.status} ${money(payment.amountMinor)}`] : []),
    ...(refund ? [`refund ${refund.status}`] : []),
    ...(refunds ?? []).map(({ amountMinor }) => `refund of ${money(amountMinor)}`),
    ...(retainedMinor === undefined ? [] : [`${money(retainedMinor)} kept`]),
    ...(restocked ? ['back on sale'] : []),
    ...(reason ? [reason] : []),
  ].join(', ');
}

interface Details {
  readonly payment?: { readonly status: string; readonly declineCode: string | null; readonly amountMinor: number };
  readonly refund?: { readonly status: string };
  readonly refunds?: readonly { readonly amountMinor: number }[];
  readonly reason?: string;
  readonly retainedMinor?: number;
  readonly restocked?: boolean;
}
