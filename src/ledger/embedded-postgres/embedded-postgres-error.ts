export type EmbeddedPostgresFault =
  /** Another engine owns the data folder, or a server runs in it that cannot be reached. */
  | 'in-use'
  /** The data folder was made by another major version than any at hand. */
  | 'version-mismatch'
  /** Neither the npm package's nor the system's binaries can run here. */
  | 'no-binaries'
  /** The data folder cannot be used: it belongs to another user, holds something else, or was copied from a running one. */
  | 'folder-not-usable'
  | 'start-failed'
  | 'unsupported-platform';

/** Why the embedded PostgreSQL could not start. The message is meant for the person who starts the engine. */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresFault;

  constructor(code: EmbeddedPostgresFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
    this.code = code;
  }
}
