import { UsageError } from './command.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is written as the engine writes its ids. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** An id of something of the engine's. `name` is what the help calls it. @throws UsageError */
export function readId(name: string, text: string): string {
  if (!isId(text)) throw new UsageError(`${name} must be an id such as "sale list" shows, not "${text}".`);
  return text;
}

/** An id that need not be given. @throws UsageError */
export function readOptionalId(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : readId(name, text);
}

/** A whole number within bounds, written with digits alone, and a sign where it may be negative. @throws UsageError */
export function readInteger(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  const written = least < 0 ? /^[+-]?\d+$/ : /^\d+$/;
  if (written.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not "${text}".`);
}

/** One of several words, as the API spells them. @throws UsageError */
export function readWord<const Words extends readonly string[]>(
  name: string,
  text: string | undefined,
  words: Words,
): Words[number] | undefined {
  if (text === undefined || words.includes(text)) return text;
  throw new UsageError(`${name} must be one of ${words.join(', ')}, not "${text}".`);
}

/** The key of an intent, which makes a repeat of the command harmless; undefined for a new one. @throws UsageError */
export function readKey(text: string | undefined): { readonly idempotencyKey?: string } {
  if (text === undefined) return {};
  if (!/^[\x21-\x7e]{1,255}$/.test(text)) throw new UsageError('--key must be 1 to 255 visible ASCII characters.');
  return { idempotencyKey: text };
}
