import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { OPERATIONS } from '../operations.ts';

test('every operation of the OpenAPI document has a method', async () => {
  const files = (await readdir(import.meta.dirname)).filter((name) => !name.endsWith('.test.ts'));
  const sources = await Promise.all(files.map((name) => readFile(new URL(name, import.meta.url), 'utf8')));
  const missing = Object.keys(OPERATIONS).filter((id) => !sources.some((source) => source.includes(`'${id}'`)));
  assert.deepEqual(missing, []);
});
