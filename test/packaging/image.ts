import { readFileSync } from 'node:fs';

const DOCKERFILE = new URL('../../Dockerfile', import.meta.url);

/** What the Dockerfile says of its last stage, the image. */
export interface Image {
  readonly environment: Readonly<Record<string, string>>;
  /** The program with its arguments. */
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly user: string;
  /** All instructions of all stages, continued lines put together. */
  readonly instructions: readonly { readonly name: string; readonly text: string }[];
}

export function readImage(): Image {
  const lines = readFileSync(DOCKERFILE, 'utf8')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n');
  const instructions = lines
    .map((line) => /^([A-Z]+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '', text = '']) => ({ name, text: text.trim() }));
  const last = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
  const get = (wanted: string): string => {
    const found = last.filter(({ name }) => name === wanted);
    if (found.length !== 1 || found[0] === undefined) throw new Error(`The image has ${found.length} ${wanted}.`);
    return found[0].text;
  };
  const list = (text: string): string[] => JSON.parse(text.slice(text.indexOf('[')));
  return {
    environment: Object.fromEntries(
      get('ENV')
        .split(/\s+/)
        .map((pair) => pair.split('=') as [string, string]),
    ),
    command: [...list(get('ENTRYPOINT')), ...list(get('CMD'))],
    healthCheck: list(get('HEALTHCHECK')),
    user: get('USER'),
    instructions,
  };
}
