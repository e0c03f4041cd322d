import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertPlantable, copyTree, plant, ROOT, StaleMutantError } from './copy-tree.ts';
import { judgeMutants } from './judge-mutants.ts';
import { MUTANTS, type Mutant } from './mutants.ts';

const FASTEST = 'timestamp-not-signed';

test('every mutant fits the source, and names a test file that is there', async () => {
  assert.ok(MUTANTS.length > 0);
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  for (const { edits, caughtBy } of MUTANTS) {
    await assertPlantable(edits);
    await readFile(join(ROOT, caughtBy.file));
  }
});

test('a mutant whose source has moved fails loudly, and the tree itself is never changed', async () => {
  const file = 'src/webhooks/sign-webhook.ts';
  const before = await readFile(join(ROOT, file), 'utf8');
  const copy = await copyTree();
  try {
    await assert.rejects(plant(copy.folder, [{ file, find: 'not there', replace: '' }]), StaleMutantError);
    await assert.rejects(plant(copy.folder, [{ file, find: 'const ', replace: '' }]), StaleMutantError);
    await plant(copy.folder, [{ file, find: before, replace: 'nothing' }]);
    assert.equal(await readFile(join(copy.folder, file), 'utf8'), 'nothing');
  } finally {
    await copy.remove();
  }
  assert.equal(await readFile(join(ROOT, file), 'utf8'), before);
});

test('a defect is caught, a harmless change survives, and a test that does not exist proves nothing', async () => {
  const defect = MUTANTS.find(({ name }) => name === FASTEST);
  assert.ok(defect !== undefined);
  const change = {
    file: 'src/webhooks/sign-webhook.ts',
    find: 'const SECRET_BYTES = 32;',
    replace: 'const SECRET_BYTES = 33;',
  };
  const harmless: Mutant = { ...defect, name: 'harmless', edits: [change] };
  const unnamed: Mutant = {
    ...harmless,
    name: 'unnamed',
    caughtBy: { ...defect.caughtBy, test: 'no test of that name' },
  };
  const judged = await judgeMutants([defect, harmless, unnamed]);
  assert.deepEqual(Object.fromEntries(judged.map(({ mutant, verdict }) => [mutant.name, verdict])), {
    [FASTEST]: 'caught',
    harmless: 'SURVIVED',
    unnamed: 'NO PROOF',
  });
});
