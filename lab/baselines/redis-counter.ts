/**
 * Baseline (e), the counter in Redis: a script takes the stock, then the order is written by a plain `INSERT`.
 *
 * It loses orders: a process or a Redis that dies between the two leaves a counter that says sold where no order is,
 * or, restored from a snapshot, sells the same units again. It is here because many do it for its speed.
 *
 * Settings besides those of the shop: REDIS_URL.
 */
import fastify from 'fastify';
import { Redis } from 'ioredis';
import {
  findOrderByKey,
  hotItemId,
  insertOrder,
  isRepeat,
  type Order,
  openShop,
  type PlaceOrder,
  placeOrderSchema,
  readCustomerId,
  serve,
} from './shop.ts';

/** No row is hot here, so connections help until they compete for the cores. */
const POOL_SIZE = 10;

/** Takes so many units and answers 1, or nothing and 0. */
const TAKE = `
  local left = tonumber(redis.call('GET', KEYS[1]) or '0')
  if left < tonumber(ARGV[1]) then return 0 end
  redis.call('DECRBY', KEYS[1], ARGV[1])
  return 1`;

const pool = await openShop(POOL_SIZE);
const items = await pool.query<{ stock: number; priceMinor: string }>(
  'SELECT stock, price_minor AS "priceMinor" FROM items WHERE id = $1',
  [hotItemId],
);
const priceMinor = Number(items.rows[0]?.priceMinor);

const redis = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379', { enableAutoPipelining: true });
const take = String(await redis.script('LOAD', TAKE));
await redis.set(counterOf(hotItemId), items.rows[0]?.stock ?? 0, 'NX');

const app = fastify();

app.post<PlaceOrder>('/api/v1/orders', { schema: placeOrderSchema }, async (request, reply) => {
  const customerId = readCustomerId(request.headers.authorization);
  const key = request.headers['idempotency-key'];
  const [{ itemId, quantity }] = request.body.lines;
  const taken = await redis.evalsha(take, 1, counterOf(itemId), quantity);
  if (taken === 0) return reply.code(409).send({ error: 'sold out' });
  try {
    const values = [customerId, key, itemId, quantity, priceMinor * quantity];
    const { rows } = await pool.query<Order>(insertOrder, values);
    return reply.code(201).send(rows[0]);
  } catch (error) {
    await redis.incrby(counterOf(itemId), quantity);
    if (!isRepeat(error)) throw error;
    const { rows } = await pool.query<Order>(findOrderByKey, [customerId, key]);
    return reply.code(201).send(rows[0]);
  }
});

app.addHook('onClose', () => redis.disconnect());

await serve(app, pool);

function counterOf(itemId: string): string {
  return `stock:${itemId}`;
}
