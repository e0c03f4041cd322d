import { rmSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAtExit } from '../support/at-exit.ts';
import type { Edit } from './mutants.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the tests do not need. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'data', 'dist', 'tmp', 'coverage']);

/** A copy of the source tree. It does not outlive this process. */
export interface TreeCopy {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Copies the tree as it is now; the packages are linked, not copied. */
export async function copyTree(): Promise<TreeCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-mutant-'));
  const forget = endAtExit(() => rmSync(folder, { recursive: true, force: true }));
  const entries = (await readdir(ROOT)).filter((entry) => !LEFT_OUT.has(entry));
  await Promise.all(entries.map((entry) => cp(join(ROOT, entry), join(folder, entry), { recursive: true })));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    async remove() {
      forget();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A mutant that does not fit the source any more. */
export class StaleMutantError extends Error {
  constructor({ file, find }: Edit, times: number) {
    super(`${file} has this ${times} times, not once; write the mutant anew:\n${find}`);
    this.name = 'StaleMutantError';
  }
}

/**
 * Plants a defect in a tree.
 * @throws {StaleMutantError} where the source has moved on: an edit's anchor is not there exactly once.
 */
export async function plant(folder: string, edits: readonly Edit[]): Promise<void> {
  for (const edit of edits) {
    const path = join(folder, edit.file);
    await writeFile(path, replaced(await readFile(path, 'utf8'), edit));
  }
}

/** Fails as `plant` does, and writes nothing. */
export async function assertPlantable(edits: readonly Edit[]): Promise<void> {
  const texts = new Map<string, string>();
  for (const edit of edits) {
    const text = texts.get(edit.file) ?? (await readFile(join(ROOT, edit.file), 'utf8'));
    texts.set(edit.file, replaced(text, edit));
  }
}

function replaced(text: string, edit: Edit): string {
  const pieces = text.split(edit.find);
  if (pieces.length !== 2) throw new StaleMutantError(edit, pieces.length - 1);
  return pieces.join(edit.replace);
}
