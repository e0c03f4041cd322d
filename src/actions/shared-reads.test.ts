import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedReads } from './shared-reads.ts';

/** A store whose statements see what it holds when they are sent, and end by hand. */
function handStore() {
  const held = new Map<string, string>();
  const statements: { ids: readonly string[]; end: () => void; fail: (error: Error) => void }[] = [];
  let arrived: (() => void) | undefined;
  return {
    held,
    statements,
    readAll: (ids: readonly string[]) =>
      new Promise<Map<string, string>>((resolve, reject) => {
        const snapshot = new Map([...held].filter(([id]) => ids.includes(id)));
        statements.push({ ids, end: () => resolve(snapshot), fail: reject });
        arrived?.();
      }),
    /** Resolves when so many statements have been sent. */
    sent: async (count: number) => {
      while (statements.length < count) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    },
  };
}

function openReads(limits: { waitingMax?: number } = {}) {
  const store = handStore();
  const { readAll } = store;
  const reads = createSharedReads({ readAll, name: 'read', waitingMax: 100, deadlineMs: 60_000, ...limits });
  return { ...store, read: (id: string) => reads.read(id, null), close: reads.close };
}

const found = (value: string | undefined) => ({ outcome: 'found', value });

test('reads that wait at one moment share a statement, in which each id stands once; each gets its own', async () => {
  const { held, statements, read, sent } = openReads();
  held.set('a', 'A').set('b', 'B');
  const all = ['a', 'b', 'a', 'none', 'A'].map(read);
  await sent(1);
  assert.deepEqual(statements[0]?.ids, ['a', 'b', 'none']);
  statements[0]?.end();
  assert.deepEqual(await Promise.all(all), [found('A'), found('B'), found('A'), found(undefined), found('A')]);
  assert.equal(statements.length, 1);
});

test('a read never joins a statement that was sent before it was asked: it sees what was written until then', async () => {
  const { held, statements, read, sent } = openReads();
  held.set('a', 'before');
  const first = read('a');
  await sent(1);
  held.set('a', 'after');
  const later = [read('a'), read('a')];
  statements[0]?.end();
  await sent(2);
  statements[1]?.end();
  assert.deepEqual(await first, found('before'));
  assert.deepEqual(await Promise.all(later), Array(2).fill(found('after')));
  assert.equal(statements.length, 2);
});

test('a statement that fails is told to all of its readers and to nobody else', async () => {
  const { held, statements, read, sent } = openReads();
  held.set('a', 'A');
  const failed = Promise.allSettled([read('a'), read('b')]);
  await sent(1);
  const next = read('a');
  const error = new Error('cut off');
  statements[0]?.fail(error);
  await sent(2);
  statements[1]?.end();
  assert.deepEqual(
    await failed,
    [error, error].map((reason) => ({ status: 'rejected', reason })),
  );
  assert.deepEqual(await next, found('A'));
});

test('past the bound a read is refused with how many wait', async () => {
  const { statements, read, sent } = openReads({ waitingMax: 1 });
  const taken = read('a');
  assert.deepEqual(await read('b'), { outcome: 'overloaded', waiting: 1 });
  await sent(1);
  statements[0]?.end();
  assert.deepEqual(await taken, found(undefined));
});

test('closing waits for what was taken and takes no more', async () => {
  const { statements, read, sent, close } = openReads();
  const taken = read('a');
  const closed = close();
  assert.deepEqual(await read('b'), { outcome: 'overloaded', waiting: 1 });
  await sent(1);
  statements[0]?.end();
  assert.deepEqual(await taken, found(undefined));
  await closed;
});
