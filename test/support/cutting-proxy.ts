import { commitAnswerTo } from './commit-on-wire.ts';
import { createTcpProxy } from './tcp-proxy.ts';

/** Where a connection is cut around COMMIT: before the server sees it, or after it committed but before its answer. */
export type Cut = 'before-commit' | 'after-commit';

/** A TCP proxy before PostgreSQL that cuts a connection at its next COMMIT. */
export interface CuttingProxy {
  /** The given address, through this proxy. */
  url(of: string): string;
  /** Arms the proxy: the next COMMIT that passes is cut, once. */
  cutNext(cut: Cut): void;
  /** How many were cut. */
  cuts(): number;
  close(): Promise<void>;
}

export async function createCuttingProxy(target: { port: number }): Promise<CuttingProxy> {
  let armed: Cut | undefined;
  let cuts = 0;

  const proxy = await createTcpProxy(target, () => {
    let tellsOfCommit: ReturnType<typeof commitAnswerTo>;
    return {
      request(chunk, connection) {
        const answer = commitAnswerTo(chunk);
        if (armed !== undefined && answer !== undefined) {
          const cut = armed;
          armed = undefined;
          if (cut === 'before-commit') {
            cuts += 1;
            return connection.cut();
          }
          tellsOfCommit = answer;
        }
        connection.upstream.write(chunk);
      },
      reply(chunk, connection) {
        if (tellsOfCommit === undefined) {
          connection.client.write(chunk);
          return;
        }
        // The commit is done, and nobody will hear of it.
        if (!tellsOfCommit(chunk)) return;
        cuts += 1;
        connection.cut();
      },
    };
  });

  return {
    url: (of) => of.replace(/:\d+\//, `:${proxy.port}/`),
    cutNext(cut) {
      armed = cut;
    },
    cuts: () => cuts,
    close: proxy.close,
  };
}
