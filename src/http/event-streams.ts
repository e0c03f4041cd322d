import { fastifySSE } from '@fastify/sse';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerId } from '../domain/caller.ts';
import type { App } from './app.ts';
import { type Authenticate, callerOf } from './authentication.ts';
import { ProblemError } from './problems.ts';

/** How often a stream that says nothing is kept open by a comment: more often than proxies give up. */
const HEARTBEAT_MS = 15_000;

/** Streams that one account, or one merchant's back ends, may have open in a process. */
const STREAMS_PER_CALLER_MAX = 20;

/** Each stream is a connection and some KB. */
const STREAMS_MAX = 5_000;

/** How long a stream may outlive the token or the API key that it was opened with. */
const CREDENTIALS_CHECK_MS = 500;

/** What may wait for a slow reader. Past it the reader is cut off, and reads on with Last-Event-ID. */
const BUFFER_BYTES_MAX = 256 * 1024;

const RETRY_AFTER_SECONDS = 5;

/** One event of a stream (the WHATWG's Server-Sent Events). */
export interface StreamEvent {
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
}

export interface EventStream {
  /** Does nothing once the stream has ended. */
  send(event: StreamEvent): void;
  end(): void;
  /** Calls back once, when the stream has ended, whoever ended it. */
  onEnd(callback: () => void): void;
}

/** The streams that this process has open. */
export interface EventStreams {
  /**
   * Answers a request by a stream. It ends when the caller's credentials do. Throws a problem when the caller, or the
   * process, has too many.
   */
  open(request: FastifyRequest, reply: FastifyReply): EventStream;
  count(): number;
}

interface OpenStream {
  readonly authorization: string;
  end(): void;
}

/** Lets routes answer by streams. Call it before the first such route. */
export async function allowEventStreams(app: App): Promise<void> {
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS });
}

/** Opens streams, and ends all of them when the server is to stop. */
export function createEventStreams(app: App, authenticate: Authenticate): EventStreams {
  const open = new Set<OpenStream>();
  const perCaller = new Map<string, number>();
  let checking: NodeJS.Timeout | undefined;

  function admit(caller: string): void {
    const own = perCaller.get(caller) ?? 0;
    if (own >= STREAMS_PER_CALLER_MAX) {
      throw new ProblemError('rate-limited', {
        detail: `You have ${own} streams open; no more at once. Close some.`,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    if (open.size >= STREAMS_MAX) {
      throw new ProblemError('overloaded', {
        detail: 'Too many streams are open here. Retry, or read without a stream.',
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    perCaller.set(caller, own + 1);
  }

  function add(stream: OpenStream): void {
    open.add(stream);
    checking ??= setInterval(checkCredentials, CREDENTIALS_CHECK_MS).unref();
  }

  function remove(stream: OpenStream, caller: string): void {
    open.delete(stream);
    const left = (perCaller.get(caller) ?? 1) - 1;
    if (left === 0) perCaller.delete(caller);
    else perCaller.set(caller, left);
    if (open.size > 0) return;
    clearInterval(checking);
    checking = undefined;
  }

  /** Tokens and keys that were checked a moment ago are told at once, so this costs next to nothing. */
  function checkCredentials(): void {
    for (const stream of open) {
      const known = authenticate(stream.authorization);
      if (known === undefined) stream.end();
      if (known instanceof Promise) known.then((caller) => caller ?? stream.end(), endUnlessAway(stream));
    }
  }

  app.addHook('preClose', async () => {
    for (const stream of [...open]) stream.end();
  });

  return {
    open(request, reply) {
      const caller = callerId(callerOf(request));
      admit(caller);
      const { sse: channel } = reply;
      const stream: OpenStream = { authorization: request.headers.authorization ?? '', end: () => channel.close() };
      add(stream);
      // A stream lasts as long as somebody reads: no time that an answer took.
      request.observed = true;
      channel.onClose(() => remove(stream, caller));
      channel.keepAlive();
      reply.hijack();
      // Nothing keeps a copy of it, and no proxy may change it.
      reply.header('Cache-Control', 'no-store, no-transform');
      channel.sendHeaders();
      // The reader must know that it is open before anything happens.
      reply.raw.flushHeaders();
      return {
        send: (event) => send(reply, event),
        end: stream.end,
        onEnd: (callback) => (channel.isConnected ? channel.onClose(callback) : callback()),
      };
    },
    count: () => open.size,
  };
}

function send(reply: FastifyReply, event: StreamEvent): void {
  if (!reply.sse.isConnected) return;
  // It resolves when the reader has caught up; how far it is behind is looked at instead.
  reply.sse.send({ ...event }).catch(() => undefined);
  if (reply.raw.writableLength > BUFFER_BYTES_MAX) reply.raw.destroy();
}

/** An issuer or a ledger that does not answer says nothing about the caller. */
function endUnlessAway(stream: OpenStream): (error: unknown) => void {
  return (error) => {
    if (error instanceof ProblemError && error.code === 'forbidden') stream.end();
  };
}
