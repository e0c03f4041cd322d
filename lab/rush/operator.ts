import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpClient } from './http-client.ts';
import { parseBody } from './http-client.ts';
import { retryDelayMs } from './retry-delay.ts';

/** The engine's answer to the operator: the body's JSON value and the moments around the exchange. */
interface OperatorAnswer {
  readonly content: unknown;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

/** The person behind the rehearsal: makes the sale and reads the books. */
export interface Operator {
  get(path: string): Promise<OperatorAnswer>;
  /** Posts once, under one key (a new one, if none is given) over all attempts. */
  post(path: string, body: object, idempotencyKey?: string): Promise<OperatorAnswer>;
}

/** The engine could not be reached, or said no to the operator. */
export class OperatorError extends Error {}

const ATTEMPTS_MAX = 15;

/**
 * Logs in. All paths are under /api/v1. Calls wait for an engine that is away for a moment, and log in anew when the
 * token has run out. @throws OperatorError with the engine's own words.
 */
export async function logIn(client: HttpClient, email: string, password: string): Promise<Operator> {
  let token = await openSession(client, email, password);
  const call = async (path: string, body?: object, idempotencyKey?: string): Promise<OperatorAnswer> => {
    const request = { path, ...(body && { body, idempotencyKey: idempotencyKey ?? randomUUID() }) };
    const first = await exchange(client, { ...request, token });
    if (first.status !== 401) return expectSuccess(path, first);
    token = await openSession(client, email, password);
    return expectSuccess(path, await exchange(client, { ...request, token }));
  };
  return { get: (path) => call(path), post: call };
}

async function openSession(client: HttpClient, email: string, password: string): Promise<string> {
  const answer = await exchange(client, { path: '/sessions', body: { email, password } });
  if (answer.status === 401) {
    throw new OperatorError(
      `the engine does not know the operator ${email} with this password; give --operator-email and ` +
        '--operator-password, or set DOORBUSTER_OPERATOR_EMAIL and DOORBUSTER_OPERATOR_PASSWORD',
    );
  }
  const { content } = expectSuccess('/sessions', answer);
  const token =
    typeof content === 'object' && content !== null && 'accessToken' in content ? content.accessToken : null;
  if (typeof token !== 'string') throw new OperatorError('the engine answered a log-in without an access token');
  return token;
}

interface Answered extends OperatorAnswer {
  readonly status: number;
}

async function exchange(
  client: HttpClient,
  request: { path: string; token?: string; body?: object; idempotencyKey?: string },
): Promise<Answered> {
  const { path, body, ...rest } = request;
  let failure = '';
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const answer = await client.send({
      method: body === undefined ? 'GET' : 'POST',
      path: `/api/v1${path}`,
      ...rest,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.answered && ![429, 502, 503, 504].includes(answer.status)) {
      const { status, sentAtMs, answeredAtMs } = answer;
      return { status, sentAtMs, answeredAtMs, content: parseBody(answer.body) };
    }
    failure = answer.answered ? `${answer.status} ${answer.body.toString('utf8')}` : answer.failure;
    const retryAfter = answer.answered ? answer.headers['retry-after'] : undefined;
    await delay(retryDelayMs(attempt, retryAfter, Math.random));
  }
  throw new OperatorError(`the engine does not answer ${path}: ${failure}`);
}

function expectSuccess(path: string, answer: Answered): OperatorAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new OperatorError(`${path} was answered ${answer.status}: ${JSON.stringify(answer.content)}`);
}
