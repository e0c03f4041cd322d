// How the text of a setting becomes a value. Each throws the rest of a sentence that begins with the setting's name.

import { isIP } from 'node:net';

export const text = (value: string): string => value;

export const oneOf =
  <const Choice extends string>(...choices: readonly Choice[]) =>
  (value: string): Choice => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}`);
    return choice;
  };

export const flag = (value: string): boolean => oneOf('true', 'false')(value) === 'true';

export const integer =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`);
    }
    return number;
  };

export const url =
  (...protocols: readonly string[]) =>
  (value: string): string => {
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      throw new Error(`must be an address that starts with ${protocols.map((each) => `${each}//`).join(' or ')}`);
    }
    return value.replace(/\/$/, '');
  };

/** An address exactly as it is given: another one may differ in a slash. */
export const target = (value: string): string => {
  url('http:', 'https:')(value);
  const { username, password } = new URL(value);
  if (username !== '' || password !== '') throw new Error('must not have a name or password in it');
  return value;
};

export const signingSecret = (value: string): string => {
  const bytes = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1];
  if (bytes === undefined || Buffer.from(bytes, 'base64').length < 24) {
    throw new Error('must be whsec_ and at least 24 bytes in base64');
  }
  return value;
};

export const origins = (value: string): readonly string[] => {
  const list = value.split(',').map((each) => each.trim());
  for (const each of list) {
    if (!URL.canParse(each) || new URL(each).origin !== each) throw new Error(`has ${each}, which is not an origin`);
  }
  return list;
};

/** A key that signs tokens, and the id by which a token names it. */
export interface TokenKey {
  readonly id: string;
  readonly secret: string;
}

const SECRET_LENGTH_MIN = 32;

export const tokenKeys = (value: string): readonly TokenKey[] => {
  const keys = value.split(',').map((each) => {
    const match = /^([\w-]{1,64}):(.+)$/.exec(each.trim());
    if (match?.[1] === undefined || match[2] === undefined)
      throw new Error('must be id:secret pairs, with commas between');
    if (match[2].length < SECRET_LENGTH_MIN)
      throw new Error(`needs secrets of at least ${SECRET_LENGTH_MIN} characters`);
    return { id: match[1], secret: match[2] };
  });
  if (new Set(keys.map((key) => key.id)).size < keys.length) throw new Error('names one key id twice');
  return keys;
};

/** What a person of an outside issuer may be made here. */
const OUTSIDE_ROLES = ['customer', 'merchant', 'courier', 'operator'] as const;

export const roleMap = (value: string) =>
  value.split(',').map((pair) => {
    // A value may have the sign in it, a role has none.
    const sign = pair.lastIndexOf('=');
    const role = OUTSIDE_ROLES.find((candidate) => candidate === pair.slice(sign + 1).trim());
    const claimed = pair.slice(0, Math.max(0, sign)).trim();
    if (claimed === '' || role === undefined) {
      throw new Error(`must be value=role pairs, with commas between; the roles are ${OUTSIDE_ROLES.join(', ')}`);
    }
    return { value: claimed, role };
  });

export const OUTSIDE_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

export const algorithms = (value: string) => value.split(',').map((each) => oneOf(...OUTSIDE_ALGORITHMS)(each.trim()));

/** So many requests may pass in so many seconds. */
export interface Rate {
  readonly requests: number;
  readonly seconds: number;
}

export const rate = (value: string): Rate | 'off' => {
  if (value === 'off') return 'off';
  const match = /^([1-9]\d{0,8})\/([1-9]\d{0,4})$/.exec(value);
  const [requests, seconds] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || seconds > 86_400) throw new Error('must be requests/seconds, like 600/60, or off');
  return { requests, seconds };
};

/** Addresses and CIDR ranges. Everybody is no range: who means that has mistaken what the setting is for. */
export const addressRanges = (value: string): readonly string[] => {
  const ranges = value.split(',').map((each) => each.trim());
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const bitsMax = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
    const wellFormed = bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= bitsMax);
    if (bitsMax === 0 || !wellFormed || range.split('/').length > 2) {
      throw new Error(`has ${range}, which is no address and no range like 10.0.0.0/8`);
    }
  }
  return ranges;
};

export const share = (value: string): number => {
  if (!/^(?:0|1|0?\.\d+|[01]\.0*)$/.test(value)) throw new Error('must be a number from 0 to 1');
  return Number(value);
};

/** `name=value` with commas between, values percent-encoded, as OpenTelemetry defines it. */
export const headers = (value: string): Readonly<Record<string, string>> => {
  const pairs = value.split(',').map((each): [string, string] => {
    const [, name, encoded] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.+?)\s*$/.exec(each) ?? [];
    if (name === undefined || encoded === undefined) throw new Error('must be name=value with commas between');
    try {
      return [name, decodeURIComponent(encoded)];
    } catch {
      throw new Error(`has a value of ${name} that is not percent-encoded`);
    }
  });
  return Object.fromEntries(pairs);
};

const SCHEDULE_LENGTH_MAX = 20;
const YEAR_SECONDS = 31_536_000;

/** Waits in seconds, in turn. */
export const schedule = (value: string): readonly number[] => {
  if (value === 'off') return [];
  const waits = value.split(',').map((each) => integer(1, YEAR_SECONDS)(each.trim()));
  if (waits.length > SCHEDULE_LENGTH_MAX) throw new Error(`has more than ${SCHEDULE_LENGTH_MAX} numbers`);
  return waits;
};

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Whether nobody but this machine reaches a host by this name. */
export const isLoopback = (host: string): boolean => LOOPBACK.has(host);
