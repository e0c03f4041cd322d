import { ProblemError } from './problems.ts';

/** A place in a request that must change. */
export interface RequestFault {
  /** JSON pointer (RFC 6901) into the body. */
  readonly pointer: string;
  readonly detail: string;
}

/** What is wrong with a body beyond what its schema can say, in the form of the schema's own faults. */
export function invalidRequest(faults: readonly RequestFault[]): ProblemError {
  return new ProblemError('validation-failed', {
    detail: 'See errors for each place that must change.',
    extras: { errors: faults },
  });
}
