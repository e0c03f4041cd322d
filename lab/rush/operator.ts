import { type Client, createClient, DoorbusterError, isProblem } from '../../client/src/index.ts';

/** The person behind the rehearsal, who makes the sale and reads the books: a client that is signed in. */
export type Operator = Client;

/** What the operator wanted cannot be had: the wrong password, no such sale, an answer that is none. */
export class OperatorError extends Error {}

/** An engine that is started again has some twenty seconds to be back. */
const RETRY = { attempts: 25, baseDelayMs: 100, maxDelayMs: 2_000 };

/**
 * Logs in, and anew when the token has run out. Calls wait for an engine that is away for a moment; `timeoutMs` is for
 * each try. @throws OperatorError when the engine does not know the operator, DoorbusterError when it does not answer
 */
export async function logIn(baseUrl: string, email: string, password: string, timeoutMs = 30_000): Promise<Operator> {
  const settings = { baseUrl, timeoutMs, retry: RETRY };
  const door = createClient(settings);
  const getToken = async () => {
    try {
      return (await door.accounts.logIn({ email, password })).accessToken;
    } catch (error) {
      if (!isProblem(error, 'credentials-rejected')) throw error;
      throw new OperatorError(
        `the engine does not know the operator ${email} with this password; give --operator-email and ` +
          '--operator-password, or set DOORBUSTER_OPERATOR_EMAIL and DOORBUSTER_OPERATOR_PASSWORD',
      );
    }
  };
  return createClient({ ...settings, token: await getToken(), getToken });
}

/** Whether an error means that the operator got no good answer. */
export function isOperatorError(error: unknown): error is OperatorError | DoorbusterError {
  return error instanceof OperatorError || error instanceof DoorbusterError;
}
