import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeProgress, showProgress } from './progress.ts';
import { createTally } from './tally.ts';

const tally = { ...createTally(4000), settled: 1000, accepted: 300, refused: 700, errors: 2 };

test('one line tells how far it is, what came of it, how fast and how long', () => {
  const line = describeProgress(tally, 500, false);
  assert.equal(line, '██████░░░░░░░░░░░░░░░░░░   25 %  accepted 300  refused 700  errors 2  2,000/s  0.5 s');
});

test('a terminal sees one line that moves, a file whole lines; both see the end once', () => {
  const shown = (isTTY: boolean) => {
    const written: string[] = [];
    const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    const end = showProgress(tally, { write, isTTY });
    end();
    end();
    return written;
  };
  const [start, last, newline, ...rest] = shown(true);
  assert.ok(start?.startsWith('\r\x1b[2K') && last?.startsWith('\r\x1b[2K'));
  assert.equal(newline, '\n');
  assert.deepEqual(rest, []);
  const lines = shown(false);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /accepted 300.*\n$/);
});
