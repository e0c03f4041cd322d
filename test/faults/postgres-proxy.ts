import { commitAnswerTo } from '../support/commit-on-wire.ts';
import { createDelayedWriter, createTcpProxy, type ProxiedConnection } from '../support/tcp-proxy.ts';

/** Where a connection is cut around COMMIT: before the server sees it, or after it committed but before its answer. */
type Cut = 'before-commit' | 'after-commit';

/** A proxy before PostgreSQL, which passes everything on until it is told otherwise. */
export interface PostgresProxy {
  readonly port: number;
  /** From now on connections go to this server. */
  passTo(port: number): void;
  /** Ends all connections; new ones are accepted. */
  cutConnections(): void;
  /** From now on answers arrive so much later, in their order. */
  delayAnswers(ms: number): void;
  /** The next so many COMMITs that pass are cut. Resolves when they have been. */
  cutCommits(cut: Cut, count: number): Promise<void>;
  /** No further COMMIT is cut. How many were. */
  spareCommits(): number;
  close(): Promise<void>;
}

export async function createPostgresProxy(port: number): Promise<PostgresProxy> {
  const target = { port };
  let delayMs = 0;
  let cuts = 0;
  let armed: { cut: Cut; left: number; done: () => void } | undefined;

  function cutOne(connection: ProxiedConnection): void {
    connection.cut();
    cuts += 1;
    if (armed === undefined) return;
    armed.left -= 1;
    if (armed.left > 0) return;
    armed.done();
    armed = undefined;
  }

  const proxy = await createTcpProxy(target, () => {
    let tellsOfCommit: ReturnType<typeof commitAnswerTo>;
    const write = createDelayedWriter();
    return {
      request(chunk, connection) {
        const answer = commitAnswerTo(chunk);
        if (armed !== undefined && answer !== undefined) {
          if (armed.cut === 'before-commit') return cutOne(connection);
          tellsOfCommit = answer;
        }
        connection.upstream.write(chunk);
      },
      reply(chunk, connection) {
        if (tellsOfCommit?.(chunk)) return cutOne(connection);
        write(chunk, connection, delayMs);
      },
    };
  });

  return {
    port: proxy.port,
    passTo(next) {
      target.port = next;
    },
    cutConnections() {
      for (const connection of proxy.connections) connection.cut();
    },
    delayAnswers(ms) {
      delayMs = ms;
    },
    cutCommits(cut, count) {
      cuts = 0;
      return new Promise((done) => {
        armed = { cut, left: count, done };
      });
    },
    spareCommits() {
      armed?.done();
      armed = undefined;
      return cuts;
    },
    close: proxy.close,
  };
}
