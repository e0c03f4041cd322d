import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type Column, drawFields, drawTable, printable } from './table.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name, flexible: true },
  { title: 'COUNT', value: ({ count }) => count.toString(), align: 'right' },
];

const draw = (rows: readonly Row[], width?: number) =>
  stripVTControlCharacters(drawTable(rows, COLUMNS, width)).split('\n');

test('columns are as wide as they must be, numbers stand to the right, and no line ends with blanks', () => {
  const rows = [
    { id: 'a', name: 'Poster', count: 7 },
    { id: 'bcd', name: 'Print', count: 1_250 },
  ];
  assert.deepEqual(draw(rows), ['ID   NAME    COUNT', 'a    Poster      7', 'bcd  Print    1250']);
  assert.deepEqual(draw([]), ['ID  NAME  COUNT']);
});

test('a table too wide for the terminal cuts its flexible columns, exactly as far as needed', () => {
  const rows = [{ id: 'abc', name: 'A long name of a poster', count: 1 }];
  const full = 'abc  A long name of a poster      1';
  assert.deepEqual(draw(rows, full.length)[1], full);
  assert.deepEqual(draw(rows, full.length - 1)[1], 'abc  A long name of a post…      1');
  assert.deepEqual(draw(rows, 24), ['ID   NAME          COUNT', 'abc  A long name…      1']);
});

test('where cutting does not do, the last columns are left out, and a line says so', () => {
  const rows = [{ id: 'abc', name: 'A long name of a poster', count: 1 }];
  assert.deepEqual(draw(rows, 23), ['ID   NAME', 'abc  A long name of a …', '(too narrow for COUNT)']);
  assert.deepEqual(draw(rows, 1), ['ID', 'abc', '(too narrow for NAME, COUNT)']);
});

test('letters of East Asia and pictures take two columns, marks on letters none', () => {
  const rows = [
    { id: 'a', name: '海报海报海报', count: 1 },
    { id: 'b', name: 'Poster', count: 1 },
  ];
  assert.deepEqual(draw(rows), ['ID  NAME          COUNT', 'a   海报海报海报      1', 'b   Poster            1']);
  assert.deepEqual(draw([{ id: 'a', name: '海报海报海报海报', count: 1 }], 23)[1], 'a   海报海报海…       1');
  assert.deepEqual(
    draw([{ id: 'a', name: '👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧 e\u{301} – in line', count: 1 }], 23)[1],
    'a   👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧 e\u{301} – …      1',
  );
});

test('what others wrote commands no terminal: neither in tables nor in fields', () => {
  const evil = '\x1b[2Jgone\r\x07 \u{202e}back\u{9b}1m';
  assert.equal(printable(evil), '\u{fffd}[2Jgone\u{fffd}\u{fffd} \u{fffd}back\u{fffd}1m');
  for (const drawn of [
    drawTable([{ id: evil, name: 'two\nlines', count: 1 }], COLUMNS),
    drawFields([['Name', evil]]),
  ]) {
    assert.doesNotMatch(stripVTControlCharacters(drawn), /(?!\n)\p{Cc}|\p{Bidi_Control}/u);
  }
  assert.equal(draw([{ id: 'a', name: 'two\nlines', count: 1 }]).length, 2);
});

test('fields stand below each other, without those that have no value', () => {
  assert.equal(
    drawFields([
      ['Id', 'abc'],
      ['Paused', null],
      ['Status', 'open'],
    ]),
    'Id      abc\nStatus  open',
  );
});
