/**
 * Baseline (c), the conditional update: one `UPDATE … WHERE stock >= quantity` decides and takes, then the
 * order is written, then both are committed. One round trip fewer than the row lock; the item's row is locked
 * from the update to the commit all the same.
 */
import fastify from 'fastify';
import {
  findOrderByKey,
  insertOrder,
  isRepeat,
  type Order,
  openShop,
  type PlaceOrder,
  placeOrderSchema,
  readCustomerId,
  serve,
} from './shop.ts';

const pool = await openShop();
const app = fastify();

app.post<PlaceOrder>('/api/v1/orders', { schema: placeOrderSchema }, async (request, reply) => {
  const customerId = readCustomerId(request.headers.authorization);
  const key = request.headers['idempotency-key'];
  const [{ itemId, quantity }] = request.body.lines;

  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const items = await client.query<{ priceMinor: string }>(
      'UPDATE items SET stock = stock - $2 WHERE id = $1 AND stock >= $2 RETURNING price_minor AS "priceMinor"',
      [itemId, quantity],
    );
    const item = items.rows[0];
    if (item === undefined) {
      await client.query('ROLLBACK');
      return reply.code(409).send({ error: 'sold out' });
    }
    const totalMinor = Number(item.priceMinor) * quantity;
    const orders = await client.query<Order>(insertOrder, [customerId, key, itemId, quantity, totalMinor]);
    await client.query('COMMIT');
    return reply.code(201).send(orders.rows[0]);
  } catch (error) {
    await client.query('ROLLBACK');
    if (!isRepeat(error)) throw error;
    const orders = await client.query<Order>(findOrderByKey, [customerId, key]);
    return reply.code(201).send(orders.rows[0]);
  } finally {
    client.release();
  }
});

await serve(app, pool);
