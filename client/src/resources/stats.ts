import type { CallOptions } from '../call-options.ts';
import type { Query, Stats } from '../documents.ts';
import type { Send } from '../send.ts';
import type { Watch, WatchOptions } from '../watch.ts';

/** Figures, for staff of a merchant and operators. */
export function createStats({ send, watch }: { send: Send; watch: Watch }) {
  return {
    /** A page of sales with their figures; `system` for operators. */
    get: (query?: Query<'getStats'>, options?: CallOptions): Promise<Stats> => send('getStats', { query }, options),

    /** The same once a second, over lost connections, until the caller leaves the loop or aborts `signal`. */
    async *watch(query?: Query<'streamStats'>, options?: WatchOptions): AsyncGenerator<Stats, void, undefined> {
      for await (const { type, data } of watch('streamStats', { query }, options)) {
        if (type === 'stats') yield JSON.parse(data) as Stats;
      }
    },
  };
}
