/**
 * What the baselines that sell have in common: a small shop with one hot item. They are what people usually
 * write with Fastify and a pool of `pg`, tidy and correct, and are given some things for free that the engine
 * pays for: no check of the token's signature, no history, no limit per customer, one line an order.
 *
 * Settings: PORT; DATABASE_URL (or PGHOST and the others that `pg` reads); POOL_SIZE.
 */
import type { FastifyInstance } from 'fastify';
import pg from 'pg';

/** The item that everybody wants. The shop opens with more of it than any benchmark can sell. */
export const hotItemId = '0197a1de-0000-7000-8000-000000000001';

/** The engine's `POST /api/v1/orders`, for one line, as Fastify's route generic. */
export interface PlaceOrder {
  Headers: { authorization: string; 'idempotency-key': string };
  Body: { saleId: string; lines: [{ itemId: string; quantity: number }] };
}

/** Fastify's schema of a request to place an order. */
export const placeOrderSchema = {
  headers: {
    type: 'object',
    required: ['authorization', 'idempotency-key'],
    properties: { authorization: { type: 'string' }, 'idempotency-key': { type: 'string', maxLength: 255 } },
  },
  body: {
    type: 'object',
    required: ['saleId', 'lines'],
    properties: {
      saleId: { type: 'string', format: 'uuid' },
      lines: {
        type: 'array',
        minItems: 1,
        maxItems: 1,
        items: {
          type: 'object',
          required: ['itemId', 'quantity'],
          properties: { itemId: { type: 'string', format: 'uuid' }, quantity: { type: 'integer', minimum: 1 } },
        },
      },
    },
  },
};

const schema = `
  CREATE TABLE IF NOT EXISTS items (
    id          uuid PRIMARY KEY,
    price_minor bigint NOT NULL,
    stock       integer NOT NULL CHECK (stock >= 0)
  );
  CREATE TABLE IF NOT EXISTS orders (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id     uuid NOT NULL,
    idempotency_key text NOT NULL,
    item_id         uuid NOT NULL REFERENCES items,
    quantity        integer NOT NULL CHECK (quantity > 0),
    total_minor     bigint NOT NULL,
    status          text NOT NULL DEFAULT 'pending_payment',
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (customer_id, idempotency_key)
  );
  INSERT INTO items (id, price_minor, stock) VALUES ('${hotItemId}', 4900, 2000000000) ON CONFLICT DO NOTHING;
`;

/** An order as it is answered. */
export interface Order {
  id: string;
  status: string;
  totalMinor: string;
  createdAt: Date;
}

/** The columns of an order as it is answered. */
export const orderColumns = 'id, status, total_minor AS "totalMinor", created_at AS "createdAt"';

/** Writes an order: customer, key, item, quantity, total. */
export const insertOrder = `
  INSERT INTO orders (customer_id, idempotency_key, item_id, quantity, total_minor)
  VALUES ($1, $2, $3, $4, $5) RETURNING ${orderColumns}`;

/** Finds the order that an earlier request with the same key has made. */
export const findOrderByKey = `SELECT ${orderColumns} FROM orders WHERE customer_id = $1 AND idempotency_key = $2`;

/**
 * The best for both handlers with a transaction of 2, 4, 10, 20 and 50 under 64 connections on two cores. More
 * connections only wait for the same row: the 10 that `pg` takes by default are a tenth slower, 50 nearly half.
 */
const DEFAULT_POOL_SIZE = 4;

/** Connects and makes the tables if they are not there. `poolSize` is what suits the handler best. */
export async function openShop(poolSize = DEFAULT_POOL_SIZE): Promise<pg.Pool> {
  const pool = new pg.Pool({
    connectionString: process.env['DATABASE_URL'],
    max: Number(process.env['POOL_SIZE'] ?? poolSize),
  });
  await pool.query(schema);
  return pool;
}

/** Who orders: the subject of the token, whose signature is not checked here. */
export function readCustomerId(authorization: string): string {
  const payload = Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { sub: string }).sub;
}

/** Whether the insert met the unique key: the request was here before. */
export function isRepeat(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505';
}

/** Listens on PORT and says so, and closes on SIGTERM after the last answer. */
export async function serve(app: FastifyInstance, pool: pg.Pool): Promise<void> {
  const address = await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) });
  console.log(`The baseline is listening on ${address}`);
  process.once('SIGTERM', async () => {
    await app.close();
    await pool.end();
  });
}
