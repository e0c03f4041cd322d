import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** OWASP's parameters for Argon2id (RFC 9106): 19 MiB, two passes, one lane. Some 20 ms of one core. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const PARALLELISM = 1;
const TAG_BYTES = 32;
const SALT_BYTES = 16;

/**
 * Hashes at once: half the cores, because orders are placed meanwhile, and no more than leaves threads of libuv's four
 * to files and name look-ups.
 */
const CONCURRENT_MAX = Math.min(3, Math.max(1, Math.floor(availableParallelism() / 2)));

/** Hashes that may wait in line: some seconds of work. Whoever comes later would give up before its turn. */
const WAITING_MAX = 100 * CONCURRENT_MAX;

let running = 0;
const waiting: (() => void)[] = [];

/** Runs at most CONCURRENT_MAX derivations at a time; the others wait in line. Undefined when the line is full. */
async function inTurn<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  if (running < CONCURRENT_MAX) running += 1;
  else if (waiting.length < WAITING_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
  else return undefined;
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

const PARAMETERS: Parameters = { memory: MEMORY_KIB, passes: PASSES, parallelism: PARALLELISM };

function tagOf(
  password: string,
  salt: Uint8Array,
  parameters: Parameters,
  tagLength: number,
): Promise<Buffer | undefined> {
  // The same letters in two Unicode forms are the same password.
  const message = Buffer.from(password.normalize('NFKC'), 'utf8');
  return inTurn(() => derive('argon2id', { ...parameters, message, nonce: salt, tagLength }));
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const unpadded = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replaceAll('=', '');

/** The PHC string of a hash: it carries the parameters and the salt. */
function phcString(salt: Uint8Array, tag: Uint8Array): string {
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${PARALLELISM}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** A memory-hard hash of a password, to be kept. Undefined when too many wait for theirs already. */
export async function hashPassword(password: string): Promise<string | undefined> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await tagOf(password, salt, PARAMETERS, TAG_BYTES);
  return tag && phcString(salt, tag);
}

/** The hash of an account that does not exist. No password has it, and to find that out takes as long as for any. */
const NOBODY = phcString(randomBytes(SALT_BYTES), randomBytes(TAG_BYTES));

/**
 * Whether a password belongs to a hash. Without a hash it takes as long and says no. Undefined when too many wait for
 * their answer already.
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean | undefined> {
  const match = PHC.exec(hash ?? NOBODY);
  if (match === null) throw new Error('A stored password hash is not an Argon2id PHC string.');
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  const expected = Buffer.from(tag, 'base64');
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const actual = await tagOf(password, Buffer.from(salt, 'base64'), parameters, expected.length);
  return actual && timingSafeEqual(actual, expected) && hash !== undefined;
}
