import { ProblemError } from './problems.ts';

/** A place in a request that must change. */
export interface RequestFault {
  /** Where it stands, if not in the body. */
  readonly in?: 'query';
  /** JSON pointer (RFC 6901) into the body or the query. */
  readonly pointer: string;
  readonly detail: string;
}

/** What is wrong with a request beyond what its schema can say, in the form of the schema's own faults. */
export function invalidRequest(faults: readonly RequestFault[]): ProblemError {
  return new ProblemError('validation-failed', {
    detail: 'See errors for each place that must change.',
    extras: { errors: faults },
  });
}
