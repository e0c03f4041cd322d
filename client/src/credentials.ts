/** Who calls: nobody, one token (an access token or an API key), or a function that brings a fresh one. */
export interface CredentialOptions {
  readonly token?: string | undefined;
  /**
   * Brings a token; called when the first is needed, and once more when the engine answers 401 to one. Calls that need
   * a token at the same time share it.
   */
  readonly getToken?: (() => Promise<string>) | undefined;
}

export interface Credentials {
  /** The token to send; undefined for none. */
  current(): Promise<string | undefined>;
  /** Whether there is another one than the one that was refused. */
  renew(refused: string | undefined): Promise<boolean>;
}

/** For calls that are made without a token, like logging in. */
export const NOBODY: Credentials = { current: async () => undefined, renew: async () => false };

export function createCredentials({ token, getToken }: CredentialOptions): Credentials {
  if (getToken === undefined) return { ...NOBODY, current: async () => token };
  let kept = token;
  let bringing: Promise<string> | undefined;

  function bring(): Promise<string> {
    bringing ??= getToken?.()
      .then((brought) => {
        kept = brought;
        return brought;
      })
      .finally(() => {
        bringing = undefined;
      });
    return bringing as Promise<string>;
  }

  return {
    current: async () => kept ?? bring(),
    async renew(refused) {
      // Somebody else may have renewed it while this call was under way.
      const next = kept === refused ? await bring() : kept;
      return next !== refused;
    },
  };
}
