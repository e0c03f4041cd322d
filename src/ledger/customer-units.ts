import { unitsKey } from '../domain/stock.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

interface UnitsRow {
  item_id: string;
  customer_id: string;
  units: number;
}

// A statement of its own, after the items are locked: under READ COMMITTED it sees what the holder of the lock
// before us committed. Read inside the locking statement it would see the past, and the limit would break.
// LATERAL with LIMIT keeps to one index look-up per pair, whatever the size of the table was when it was planned.
const readCustomerUnits = statement<UnitsRow>(
  'read_customer_units',
  `SELECT found.item_id, found.customer_id, found.units
   FROM unnest($1::uuid[], $2::uuid[]) AS wanted (item_id, customer_id)
   CROSS JOIN LATERAL (
     SELECT * FROM customer_units AS counted
     WHERE counted.item_id = wanted.item_id AND counted.customer_id = wanted.customer_id
     LIMIT 1
   ) AS found`,
);

export interface UnitsOf {
  readonly itemId: string;
  readonly customerId: string;
}

/** Units that customers have of limited items, by `unitsKey`. Pairs without units are absent. */
export async function findCustomerUnits(db: Queryable, pairs: readonly UnitsOf[]): Promise<Map<string, number>> {
  const rows = await db.query(readCustomerUnits, [
    arrayLiteral(pairs.map((pair) => pair.itemId)),
    arrayLiteral(pairs.map((pair) => pair.customerId)),
  ]);
  return new Map(rows.map((row) => [unitsKey(row.item_id, row.customer_id), row.units]));
}
