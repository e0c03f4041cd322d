import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

export interface NewOrderLine {
  readonly orderId: string;
  readonly itemId: string;
  readonly unitPriceMinor: number;
  readonly position: number;
  readonly quantity: number;
  readonly held: number;
  readonly sold: number;
  readonly name: string;
}

const insertLines = statement(
  'insert_order_lines',
  `INSERT INTO order_lines (order_id, item_id, unit_price_minor, position, quantity, held, sold, name)
   SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::smallint[], $5::int[], $6::int[], $7::int[], $8::text[])`,
);

export async function insertOrderLines(db: Queryable, lines: readonly NewOrderLine[]): Promise<void> {
  await db.query(insertLines, [
    arrayLiteral(lines.map((line) => line.orderId)),
    arrayLiteral(lines.map((line) => line.itemId)),
    arrayLiteral(lines.map((line) => line.unitPriceMinor)),
    arrayLiteral(lines.map((line) => line.position)),
    arrayLiteral(lines.map((line) => line.quantity)),
    arrayLiteral(lines.map((line) => line.held)),
    arrayLiteral(lines.map((line) => line.sold)),
    lines.map((line) => line.name),
  ]);
}
