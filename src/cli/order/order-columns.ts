import type { Order } from '../../../client/src/index.ts';
import { formatTime } from '../moments.ts';
import { formatMoney } from '../money.ts';
import type { Column } from '../table.ts';

/** How orders stand in a table. */
export const ORDER_COLUMNS: readonly Column<Order>[] = [
  { title: 'ORDER', value: ({ id }) => id },
  { title: 'STATUS', value: ({ status }) => status },
  { title: 'TOTAL', value: ({ totalMinor, currency }) => formatMoney(totalMinor, currency), align: 'right' },
  { title: 'PLACED', value: ({ placedAt }) => formatTime(placedAt) },
  { title: 'NO.', value: ({ arrival }) => arrival.toString(), align: 'right' },
  { title: 'REFERENCE', value: ({ reference }) => reference ?? '', flexible: true },
];
