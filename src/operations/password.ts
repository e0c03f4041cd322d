import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** OWASP's parameters for Argon2id (RFC 9106): 19 MiB, two passes, one lane. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const PARALLELISM = 1;
const TAG_BYTES = 32;
const SALT_BYTES = 16;

/** Hashes at once: each takes MEMORY_KIB and a thread that other work waits for. */
const CONCURRENT_MAX = 2;

let running = 0;
const waiting: (() => void)[] = [];

/** Runs at most CONCURRENT_MAX derivations at a time; the others wait in line. */
async function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
  if (running >= CONCURRENT_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

function tagOf(password: string, salt: Uint8Array, parameters: Parameters, tagLength: number): Promise<Buffer> {
  // The same letters in two Unicode forms are the same password.
  const message = Buffer.from(password.normalize('NFKC'), 'utf8');
  return inTurn(() => derive('argon2id', { ...parameters, message, nonce: salt, tagLength }));
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const unpadded = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replaceAll('=', '');

/** A memory-hard hash of a password, as a PHC string that carries its parameters and its salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const parameters = { memory: MEMORY_KIB, passes: PASSES, parallelism: PARALLELISM };
  const tag = await tagOf(password, salt, parameters, TAG_BYTES);
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${PARALLELISM}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** Stands in for the hash of an account that does not exist, so that both cases take the same time. */
let nobody: Promise<string> | undefined;

/** Whether a password belongs to a hash. Without a hash it takes as long and says no. */
export async function verifyPassword(password: string, hash: string | null | undefined): Promise<boolean> {
  nobody ??= hashPassword(randomBytes(SALT_BYTES).toString('hex'));
  const match = PHC.exec(hash ?? (await nobody));
  if (match === null) throw new Error('A stored password hash is not an Argon2id PHC string.');
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  const expected = Buffer.from(tag, 'base64');
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const actual = await tagOf(password, Buffer.from(salt, 'base64'), parameters, expected.length);
  return timingSafeEqual(actual, expected) && typeof hash === 'string';
}
