import { hash } from 'node:crypto';
import type { KeptOrder } from './stock-gate.ts';

/** A digest of 32 bytes in base64url, a fingerprint in hex, and the order. */
const TEXT = /^(?<digest>[\w-]{43})(?<fingerprint>[\da-f]{64})(?<order>\{.*\})$/s;

/**
 * A kept order as it is stored under the key of that name. The digest binds it to the name: what was cut off, mixed up
 * or copied to another key is not taken for an answer.
 */
export function writeKeptOrder(name: string, { fingerprint, order }: KeptOrder): string {
  return digestOf(name, fingerprint, order) + fingerprint + order;
}

/** What `writeKeptOrder` wrote under this name, or undefined where it is anything else. */
export function readKeptOrder(name: string, text: string): KeptOrder | undefined {
  const { digest, fingerprint = '', order = '' } = TEXT.exec(text)?.groups ?? {};
  return digest === digestOf(name, fingerprint, order) ? { fingerprint, order } : undefined;
}

function digestOf(name: string, fingerprint: string, order: string): string {
  return hash('sha256', `${name}\n${fingerprint}${order}`, 'base64url');
}
