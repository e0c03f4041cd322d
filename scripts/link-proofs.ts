import { glob, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';

/** An id of a promise at the beginning of a test's name, or after another one. */
const ID_IN_A_NAME = /['`" ]([A-Z]{1,3}-\d\d)(?= )/g;
const ROW = /^\| ([A-Z]{1,3}-\d\d) \| (.*?) \|[^|]*\|$/gm;

const TESTS = '{test/**,src/**,client/src/**,lab/**}/*.test.ts';
/** Suites that several tests run under names of their own. */
const SUITES = 'test/conformance/*.ts';

/** The rehearsal's verdict judges many promises at once; the checker, not the test's name, knows which. */
const REHEARSAL = 'test/acceptance/rush.test.ts';
const JUDGED_BY_REHEARSAL = new Set(
  'S-01 S-02 S-03 S-04 S-06 S-07 S-08 S-09 S-10 S-11 IK-04 IK-19 PD-01 PG-01 F-01 F-09 F-13'.split(' '),
);

/** Enough to see where a promise is proven; the name pattern finds the rest. */
const LINKS_MAX = 8;

/** Names, in each row of docs/promises.md, the tests that prove the promise. A promise without one keeps an empty cell. */
export async function linkProofs(root: string): Promise<string> {
  const proofs = await findProofs(root);
  const text = await readFile(join(root, 'docs/promises.md'), 'utf8');
  return text.replaceAll(ROW, (_row, id: string, promise: string) => {
    const files = [...(proofs.get(id) ?? [])].sort(acceptanceFirst).slice(0, LINKS_MAX);
    return `| ${id} | ${promise} | ${files.map(linkTo).join(', ')} |`;
  });
}

async function findProofs(root: string): Promise<Map<string, Set<string>>> {
  const proofs = new Map<string, Set<string>>([...JUDGED_BY_REHEARSAL].map((id) => [id, new Set([REHEARSAL])]));
  for (const pattern of [TESTS, SUITES]) {
    for await (const path of glob(pattern, { cwd: root })) {
      for (const [, id = ''] of (await readFile(join(root, path), 'utf8')).matchAll(ID_IN_A_NAME)) {
        proofs.set(id, (proofs.get(id) ?? new Set()).add(path));
      }
    }
  }
  return proofs;
}

/** What is tried from outside comes before what is tried on a part. */
function acceptanceFirst(a: string, b: string): number {
  const rank = (path: string) => (path.startsWith('test/') ? 0 : path.startsWith('src/') ? 1 : 2);
  return rank(a) - rank(b) || a.localeCompare(b, 'en');
}

function linkTo(path: string): string {
  return `[${basename(path).replace(/(\.test)?\.ts$/, '')}](${relative('docs', path)})`;
}
