/**
 * Baseline (b), the row lock: read the item `FOR UPDATE`, decide in the application, write the order and the
 * stock, commit. Correct, and every buyer of the item waits for the commits of all before.
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
    const items = await client.query<{ priceMinor: string; stock: number }>(
      'SELECT price_minor AS "priceMinor", stock FROM items WHERE id = $1 FOR UPDATE',
      [itemId],
    );
    const item = items.rows[0];
    if (item === undefined || item.stock < quantity) {
      await client.query('ROLLBACK');
      return reply
        .code(item === undefined ? 404 : 409)
        .send({ error: item === undefined ? 'no such item' : 'sold out' });
    }
    const totalMinor = Number(item.priceMinor) * quantity;
    const orders = await client.query<Order>(insertOrder, [customerId, key, itemId, quantity, totalMinor]);
    await client.query('UPDATE items SET stock = stock - $2 WHERE id = $1', [itemId, quantity]);
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
