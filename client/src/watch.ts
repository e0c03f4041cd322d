import { abortableDelay, startTimer } from './abortable.ts';
import type { CallOptions } from './call-options.ts';
import type { OperationId, Path } from './documents.ts';
import { ConnectionError } from './errors.ts';
import { createEventStreamParser, type StreamEvent } from './event-stream-parser.ts';
import type { CallSettings, RawAnswer, Request } from './request.ts';
import { type RetryOptions, retryDelayMs } from './retry-delay.ts';

/** How a stream is followed. */
export interface WatchOptions extends Pick<CallOptions, 'signal' | 'timeoutMs' | 'retry' | 'onRetry'> {
  /** Tells only what came after this event. */
  readonly lastEventId?: string | undefined;
  /** Silence after which the connection counts as lost. The engine says something every 15 s. Default 45,000. */
  readonly heartbeatTimeoutMs?: number | undefined;
}

const HEARTBEAT_TIMEOUT_MS = 45_000;

type StreamOperationId = 'streamOrderEvents' | 'streamStats';

interface StreamInput {
  readonly path?: Path<'streamOrderEvents'>;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Follows a stream of server-sent events over all its connections, for as long as the caller reads and the engine lets
 * it: a lost connection is made anew after a moment, from the last event that came.
 * Ends when the engine answers 204. @throws what a call throws, where the engine says no to a connection
 */
export type Watch = (
  id: StreamOperationId,
  input: StreamInput,
  options: WatchOptions | undefined,
) => AsyncGenerator<StreamEvent, void, undefined>;

export function createWatch(request: Request, settings: CallSettings): Watch {
  return async function* watch(id, input, options = {}) {
    let lastEventId = options.lastEventId ?? '';
    let retry: RetryOptions = { ...settings.retry, ...options.retry };
    let lost = 0;
    for (;;) {
      const connection = new AbortController();
      const abort = () => connection.abort(options.signal?.reason);
      options.signal?.throwIfAborted();
      options.signal?.addEventListener('abort', abort);
      try {
        const answer = await connect(id, input, options, lastEventId, connection.signal);
        if (answer.response.status === 204) return;
        const parser = createEventStreamParser();
        for await (const text of read(answer, connection, options.heartbeatTimeoutMs)) {
          lost = 0;
          for (const event of parser.push(text)) {
            lastEventId = event.lastEventId === '' ? lastEventId : event.lastEventId;
            yield event;
          }
          if (parser.retryMs !== undefined) retry = { ...retry, baseDelayMs: parser.retryMs };
        }
      } finally {
        options.signal?.removeEventListener('abort', abort);
        connection.abort();
      }
      options.signal?.throwIfAborted();
      lost += 1;
      const delayMs = retryDelayMs(lost, undefined, retry);
      const facts = { operation: id, attempts: lost, idempotencyKey: undefined, effectUnknown: false };
      const error = new ConnectionError(facts, new Error('the stream ended'));
      (options.onRetry ?? settings.onRetry)?.({ operation: id, attempt: lost, delayMs, error });
      await abortableDelay(delayMs, options.signal);
    }
  };

  /** Connecting is tried for as long as the caller has patience: a stream has no outcome that could be in doubt. */
  function connect(
    id: OperationId,
    input: StreamInput,
    options: WatchOptions,
    lastEventId: string,
    signal: AbortSignal,
  ): Promise<RawAnswer> {
    const endless = { attempts: Number.POSITIVE_INFINITY, totalMs: Number.POSITIVE_INFINITY };
    const { timeoutMs, onRetry } = options;
    return request(id, {
      input,
      options: { signal, timeoutMs, onRetry, retry: { ...endless, ...options.retry } },
      headers: { accept: 'text/event-stream', ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }) },
      endless: true,
    });
  }
}

/** The text of a stream until it ends, breaks or goes silent: all three are the same to its reader. */
async function* read(
  { response }: RawAnswer,
  controller: AbortController,
  heartbeatTimeoutMs = HEARTBEAT_TIMEOUT_MS,
): AsyncGenerator<string, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const heard = startTimer(heartbeatTimeoutMs, () => controller.abort());
      const chunk = await reader.read().finally(heard);
      if (chunk.done) return;
      yield decoder.decode(chunk.value, { stream: true });
    }
  } catch {
    // Lost: whoever aborted it knows why, and what came is told already.
  }
}
