import { constants, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

/** A key pair of an outside issuer. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As it stands in the key set. */
  readonly jwk: JsonWebKey;
}

export function makeSigningKey(kid: string, alg: Algorithm): SigningKey {
  const { privateKey, publicKey } = generate(alg);
  return { kid, alg, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } };
}

function generate(alg: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2_048 });
}

export const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token made by hand, so that nothing of what is tested takes part. An undefined member is left out. */
export function signToken(key: SigningKey, claims: object, head: object = {}): string {
  const signed = `${encodePart({ alg: key.alg, typ: 'JWT', kid: key.kid, ...head })}.${encodePart(claims)}`;
  return `${signed}.${signatureOf(key, Buffer.from(signed)).toString('base64url')}`;
}

function signatureOf({ alg, privateKey }: SigningKey, data: Buffer): Buffer {
  switch (alg) {
    case 'RS256':
      return sign('sha256', data, privateKey);
    case 'PS256':
      return sign('sha256', data, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    case 'ES256':
      return sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    case 'EdDSA':
      return sign(null, data, privateKey);
  }
}

/** How the server of the key set behaves; `fine` is what it should. */
export type Behaviour = 'fine' | 'drops' | '500' | 'garbage' | 'redirects' | 'hangs';

/** An outside issuer on loopback: it publishes keys, and counts how often they are fetched. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** How often the key set was asked for, answered or not. */
  fetches(): number;
  publish(...keys: readonly { readonly jwk: JsonWebKey }[]): void;
  behave(how: Behaviour): void;
  close(): Promise<void>;
}

const JWKS_PATH = '/.well-known/jwks.json';

export async function startIdentityProvider(): Promise<IdentityProvider> {
  let keys: readonly JsonWebKey[] = [];
  let behaviour: Behaviour = 'fine';
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches += 1;
    answer(response, behaviour, keys);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}/`;
  return {
    issuer,
    jwksUrl: `http://127.0.0.1:${port}${JWKS_PATH}`,
    fetches: () => fetches,
    publish(...published) {
      keys = published.map(({ jwk }) => jwk);
    },
    behave(how) {
      behaviour = how;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(response: ServerResponse, behaviour: Behaviour, keys: readonly JsonWebKey[]): void {
  switch (behaviour) {
    case 'fine':
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
      return;
    case 'drops':
      response.destroy();
      return;
    case '500':
      response.writeHead(500).end();
      return;
    case 'garbage':
      response.setHeader('content-type', 'text/html').end('<p>Log in</p>');
      return;
    case 'redirects':
      response.writeHead(302, { location: `${JWKS_PATH}?again` }).end();
      return;
    case 'hangs':
      return;
  }
}
