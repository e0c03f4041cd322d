/**
 * Lists of HTTP's structured fields (RFC 9651), read strictly and by nothing that the engine uses. Inner lists,
 * dates and display strings are left out: no field of the engine has one.
 */

export type BareItem = number | string | boolean | Uint8Array | Token;

/** A token is another thing than the string with the same characters. */
export class Token {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export interface Item {
  readonly value: BareItem;
  readonly parameters: ReadonlyMap<string, BareItem>;
}

/** @throws where RFC 9651 § 4.2 says that parsing fails. */
export function parseList(field: string): Item[] {
  const input = createInput(field);
  input.take(/ */y);
  const members: Item[] = [];
  while (!input.atEnd()) {
    members.push(parseItem(input));
    input.take(/[ \t]*/y);
    if (input.atEnd()) return members;
    if (input.take(/,/y) === undefined) throw input.fault('a comma');
    input.take(/[ \t]*/y);
    if (input.atEnd()) throw input.fault('a member after the comma');
  }
  return members;
}

interface Input {
  /** What the pattern (with the flag y) matches here, and moves behind it; undefined where it does not match. */
  take(pattern: RegExp): string | undefined;
  atEnd(): boolean;
  fault(wanted: string): Error;
}

function createInput(field: string): Input {
  if (/[^ -~\t]/.test(field)) throw new Error(`${JSON.stringify(field)} is not ASCII.`);
  let position = 0;
  const text = field.replace(/ +$/, '');
  return {
    take(pattern) {
      pattern.lastIndex = position;
      const match = pattern.exec(text)?.[0];
      position += match?.length ?? 0;
      return match;
    },
    atEnd: () => position >= text.length,
    fault: (wanted) => new Error(`There is no ${wanted} at ${position} of ${JSON.stringify(field)}.`),
  };
}

function parseItem(input: Input): Item {
  const value = parseBareItem(input);
  const parameters = new Map<string, BareItem>();
  while (input.take(/;/y) !== undefined) {
    input.take(/ */y);
    const key = input.take(/[a-z*][a-z0-9_.*-]*/y);
    if (key === undefined) throw input.fault('key of a parameter');
    parameters.set(key, input.take(/=/y) === undefined ? true : parseBareItem(input));
  }
  return { value, parameters };
}

function parseBareItem(input: Input): BareItem {
  const number = input.take(/-?\d+(\.\d+)?/y);
  if (number !== undefined) return toNumber(number, input);
  const string = input.take(/"([^"\\]|\\["\\])*"/y);
  if (string !== undefined) return string.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  const bytes = input.take(/:[A-Za-z0-9+/]*={0,2}:/y);
  if (bytes !== undefined) return Buffer.from(bytes, 'base64');
  const boolean = input.take(/\?[01]/y);
  if (boolean !== undefined) return boolean === '?1';
  const token = input.take(/[A-Za-z*][!#$%&'*+.^_`|~A-Za-z0-9:/-]*/y);
  if (token !== undefined) return new Token(token);
  throw input.fault('item');
}

/** At most 15 digits; a decimal has at most 12 before its point and 3 behind. */
function toNumber(text: string, input: Input): number {
  if (!/^-?(\d{1,15}|\d{1,12}\.\d{1,3})$/.test(text)) throw input.fault('number of few enough digits');
  return Number(text);
}
