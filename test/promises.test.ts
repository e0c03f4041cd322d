import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Targets of the Markdown links of a text that point into the repository. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

test('each promise of docs/promises.md names test files that are there, one of which names the promise', () => {
  const rows = read('docs/promises.md').matchAll(/^\| ([A-Z]{1,3}-\d\d) \|.*$/gm);
  let promises = 0;
  for (const [row, id = ''] of rows) {
    promises += 1;
    const files = linksOf(row).map((link) => join('docs', link));
    // The rehearsal's verdict judges many promises; the checker, not the test's name, knows which.
    const proven = files.some((file) => read(file).includes(`${id} `) || file.endsWith('rush.test.ts'));
    assert.ok(proven, `${id} is in the name of no test among ${files.join(', ')}`);
  }
  assert.ok(promises > 35);
});

test('links between the documents lead somewhere', () => {
  const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  assert.ok(documents.length > 40);
  for (const document of documents) {
    for (const link of linksOf(read(document))) {
      assert.ok(existsSync(join(root, dirname(document), link)), `${document} links to ${link}`);
    }
  }
});
