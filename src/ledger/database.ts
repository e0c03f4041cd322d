import type { Writable } from 'node:stream';
import pg from 'pg';
import { faultOf } from './database-error.ts';
import type { Queryable, RawResult, Statement } from './statement.ts';

/** int8 arrives as text. Money and counters are kept within 2^53 by constraints, so a number is exact. */
const INT8_OID = 20;
pg.types.setTypeParser(INT8_OID, (text) => Number(text));

/** Waits without an end are how a busy database becomes a dead service: each has a limit. */
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 5_000;
/** A connection that gives no answer at all (a stopped server, a cut cable) is given up after this time. */
const ANSWER_TIMEOUT_MS = 12_000;
/** A stopped process must not keep the locks of a hot sale: PostgreSQL ends its transaction after this time. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;

/** How often a transaction that met a deadlock or a serialization failure is run again. */
const TRANSACTION_ATTEMPTS = 4;

export interface ConnectionOptions {
  /** A connection string, or host (a folder means a unix socket), port, user and database. */
  readonly connectionString?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly database?: string;
  /** The embedded server's socket has none, whatever PGSSLMODE says. */
  readonly ssl?: false;
}

/** A connection taken from the pool for one transaction. */
export interface Connection extends Queryable {
  /** Runs a statement and returns the command tag too (`COMMIT` of a failed transaction answers `ROLLBACK`). */
  execute(text: string): Promise<RawResult>;
  /** Sends all the statements that `send` issues before its first wait in one write to the socket. */
  together<Result>(send: () => Promise<Result>): Promise<Result>;
  /** Gives the connection back; a broken one is thrown away. */
  release(broken?: boolean): void;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in one READ COMMITTED transaction. Deadlocks, serialization failures and lock time-outs
   * run all of it again, so `work` must have no effect but its statements.
   */
  transaction<Result>(work: (transaction: Queryable) => Promise<Result>): Promise<Result>;
  connect(): Promise<Connection>;
  /** Runs reads on one connection. Those issued before the first wait share a round trip where the pool pipelines. */
  withConnection<Result>(work: (connection: Queryable) => Promise<Result>): Promise<Result>;
  /** Connections in use, idle, and requests that wait for one. */
  counts(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
}

/** The driver's socket, which it has on every client but does not declare. */
function socketOf(client: pg.PoolClient): Writable {
  return (client as pg.PoolClient & { readonly connection: { readonly stream: Writable } }).connection.stream;
}

function queryOn(client: pg.ClientBase | pg.Pool): Queryable['query'] {
  return async <Row>(statement: Statement<Row>, values: readonly unknown[] = []) => {
    const result = await client.query({ name: statement.name, text: statement.text, values: [...values] });
    return result.rows as Row[];
  };
}

/** Takes back what a transaction did. False when even that fails: the connection is broken. */
export async function rollBack(connection: Connection): Promise<boolean> {
  try {
    await connection.execute('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

/** Runs `work` between BEGIN and COMMIT on one connection, once, and gives the connection back. */
export async function runTransaction<Result>(
  connection: Connection,
  work: (transaction: Queryable) => Promise<Result>,
  begin = 'BEGIN',
): Promise<Result> {
  let healthy = true;
  try {
    await connection.execute(begin);
    const result = await work(connection);
    await connection.execute('COMMIT');
    return result;
  } catch (error) {
    healthy = faultOf(error) !== 'connection-lost' && (await rollBack(connection));
    throw error;
  } finally {
    connection.release(!healthy);
  }
}

/**
 * A pool of connections to the ledger.
 *
 * `pipeline` sends statements without waiting for the answers of those before them (PostgreSQL's extended
 * protocol allows it); the ledger writer lives on that. Errors of idle connections go to `onError`: the pool
 * replaces them by itself.
 */
export function openDatabase(options: {
  connection: ConnectionOptions;
  poolSize: number;
  applicationName: string;
  pipeline?: boolean;
  onError: (error: Error) => void;
}): Database {
  const pool = new pg.Pool({
    ...options.connection,
    max: options.poolSize,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    ...(options.pipeline ? { pipeline: true } : {}),
  });
  pool.on('error', options.onError);

  async function connect(): Promise<Connection> {
    const client = await pool.connect();
    // A client that breaks while it is checked out emits here; the failed query tells its user.
    client.on('error', ignore);
    return {
      query: queryOn(client),
      execute: (text) => client.query(text),
      together(send) {
        const socket = socketOf(client);
        socket.cork();
        try {
          return send();
        } finally {
          socket.uncork();
        }
      },
      release(broken = false) {
        client.off('error', ignore);
        client.release(broken);
      },
    };
  }

  return {
    query: queryOn(pool),
    connect,
    async withConnection(work) {
      const connection = await connect();
      let broken = false;
      try {
        return await connection.together(() => work(connection));
      } catch (error) {
        broken = faultOf(error) === 'connection-lost';
        throw error;
      } finally {
        connection.release(broken);
      }
    },
    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await runTransaction(await connect(), work);
        } catch (error) {
          if (attempt === TRANSACTION_ATTEMPTS || faultOf(error) !== 'retryable') throw error;
        }
      }
    },
    counts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => pool.end(),
  };
}

function ignore(): void {}
