import {
  ConnectionError,
  type DoorbusterError,
  DoorbusterProblem,
  UnexpectedAnswerError,
} from '../../client/src/index.ts';
import { PROGRAM } from './command.ts';
import { reasonOf } from './reason-of.ts';
import { printable } from './table.ts';

/** Why an engine did not do what it was asked, for whoever asked: what, by which code, and what helps. */
export function tellFailure(error: DoorbusterError, url: string): string {
  const { effectUnknown, idempotencyKey } = error;
  const doubt =
    effectUnknown && idempotencyKey !== undefined
      ? ` Whether it was done is not known. The same once more with --key ${idempotencyKey} does it once.`
      : '';
  return `${whyOf(error, url)}${doubt}`;
}

function whyOf(error: DoorbusterError, url: string): string {
  if (error instanceof DoorbusterProblem) return tellProblem(error);
  if (error instanceof UnexpectedAnswerError) {
    return `What answers at ${url} is not an engine, or not as one (status ${error.status}). See --url and DOORBUSTER_URL.`;
  }
  const reason = error instanceof ConnectionError ? reasonOf(error.cause) : error.message;
  return (
    `No engine answers at ${url} (${reason}). Start one here by "${PROGRAM} serve", ` +
    'or say where it is by --url or DOORBUSTER_URL.'
  );
}

function tellProblem({ code, title, detail, requestId, errors }: DoorbusterProblem): string {
  const faults = errors.map(
    ({ in: place, pointer, detail: fault }) => `\n  - ${[place, pointer].filter(Boolean).join(' ')}: ${fault}`,
  );
  const told = `${sentence(detail ?? title)} (${code}, request ${requestId})${faults.join('')}`;
  return printable(told) + (HINTS[code] ?? '');
}

const HINTS: { readonly [Code in DoorbusterProblem['code']]?: string } = {
  unauthenticated: `\nSet DOORBUSTER_TOKEN, which "${PROGRAM} token" prints, or DOORBUSTER_EMAIL and DOORBUSTER_PASSWORD.`,
};

/** The code follows in brackets, so the full stop goes. */
const sentence = (text: string) => text.replace(/\.$/, '');
