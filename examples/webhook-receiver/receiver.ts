import type { IncomingMessage, ServerResponse } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { buffer } from 'node:stream/consumers';
import type { Order } from 'doorbuster-client';
import { verifyWebhook, WebhookVerificationError } from 'doorbuster-client/webhooks';

export interface ReceiverOptions {
  /** `whsec_…`; while it is rotated, both. */
  readonly secret: string | readonly string[];
  /** The receiver's own SQLite database. */
  readonly file: string;
  /** An order has got further. What this writes into the database is kept with the event or not at all. */
  readonly onOrder: (order: Order, database: DatabaseSync) => void;
}

/** More than any event has. Whoever does not say how much comes is refused as well. */
const BODY_BYTES_MAX = 1_000_000;

/**
 * Takes webhooks into a database, answers, and then does what they tell: each once, and never from a newer version of
 * an order back to an older one. What was taken and not done is done at the next start.
 */
export function createReceiver({ secret, file, onOrder }: ReceiverOptions) {
  const database = new DatabaseSync(file);
  database.exec(`
    CREATE TABLE IF NOT EXISTS inbox (webhook_id TEXT PRIMARY KEY, body TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, version INTEGER NOT NULL, status TEXT NOT NULL)`);
  // An event comes again where an answer was lost. Its id is the same then, and the primary key lets in one.
  const take = database.prepare('INSERT INTO inbox (webhook_id, body) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const waiting = database.prepare('SELECT webhook_id, body FROM inbox WHERE done = 0 ORDER BY rowid');
  const finish = database.prepare('UPDATE inbox SET done = 1 WHERE webhook_id = ?');
  // Events of an order may overtake each other. What is right is the highest version.
  const advance = database.prepare(`
    INSERT INTO orders (id, version, status) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status
    WHERE excluded.version > orders.version`);

  function work(): void {
    for (const { webhook_id, body } of waiting.all()) {
      const { order } = JSON.parse(String(body)).data as { order?: Order };
      database.exec('BEGIN');
      try {
        if (order && advance.run(order.id, order.version, order.status).changes > 0) onOrder(order, database);
        finish.run(String(webhook_id));
        database.exec('COMMIT');
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    }
  }
  work();

  return async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (!(Number(request.headers['content-length']) <= BODY_BYTES_MAX)) {
        response.writeHead(413, { connection: 'close' }).end();
        return;
      }
      // The bytes as they came: they are what is signed.
      const body = await buffer(request);
      const { id } = await verifyWebhook({ body, headers: request.headers, secret });
      const isNew = take.run(id, body.toString()).changes > 0;
      // From here on it need not come again, so the work may take its time.
      response.writeHead(204).end();
      if (isNew) setImmediate(work);
    } catch (error) {
      const forged = error instanceof WebhookVerificationError;
      console.error(forged ? `Refused: ${error.message}` : error);
      response.writeHead(forged ? 400 : 500).end();
    }
  };
}
