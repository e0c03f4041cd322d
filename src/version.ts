import { readFileSync } from 'node:fs';

/** The version of the engine, of its API and of its package: they are one. */
export const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
