import { styleText } from 'node:util';
import stringWidth from 'string-width';

/** A column of a table. The first ones matter most. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'right';
  /** Its texts may be cut to make the table fit. */
  readonly flexible?: true;
}

const GAP = '  ';
const SIGNS = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** A flexible column is not cut below this. */
const FLEXIBLE_MIN = 12;

/**
 * Draws rows as a table that is `width` columns of a terminal wide at most: flexible columns are cut, and where that
 * does not do, the last columns are left out, which a line below tells. Without a width nothing is.
 */
export function drawTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width = Infinity): string {
  const cells = columns.map(({ value }) => rows.map((row) => printable(value(row)).replaceAll('\n', ' ')));
  const wishes = columns.map(({ title }, index) =>
    Math.max(...[title, ...(cells[index] ?? [])].map((each) => stringWidth(each))),
  );
  const least = wishes.map((wish, index) => (columns[index]?.flexible ? Math.min(wish, FLEXIBLE_MIN) : wish));
  let shown = columns.length;
  while (shown > 1 && totalOf(least.slice(0, shown)) > width) shown -= 1;
  const widths = share(wishes.slice(0, shown), least, width);
  const line = (texts: readonly string[]) =>
    widths
      .map((each, index) => pad(texts[index] ?? '', each, columns[index]?.align))
      .join(GAP)
      .trimEnd();
  const left = columns.slice(shown).map(({ title }) => title);
  return [
    styleText('bold', line(columns.map(({ title }) => title))),
    ...rows.map((_, row) => line(cells.map((column) => column[row] ?? ''))),
    ...(left.length > 0 ? [styleText('dim', `(too narrow for ${left.join(', ')})`)] : []),
  ].join('\n');
}

/** Draws names and values, one below the other. What is null is left out. */
export function drawFields(fields: readonly (readonly [name: string, value: string | null])[]): string {
  const there = fields.filter((field): field is readonly [string, string] => field[1] !== null);
  const width = Math.max(...there.map(([name]) => name.length));
  return there.map(([name, value]) => `${name.padEnd(width)}${GAP}${printable(value)}`).join('\n');
}

/** What others wrote, without what would command a terminal or turn its direction of writing. Line ends stay. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}|\p{Bidi_Control}/gu, '\u{fffd}');
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, (widths.length - 1) * GAP.length);
}

/** What each column wishes; the flexible ones give, the last first, what is too much. */
function share(wishes: readonly number[], least: readonly number[], width: number): number[] {
  let excess = Math.max(0, totalOf(wishes) - width);
  return wishes
    .toReversed()
    .map((wish, index) => {
      const given = Math.min(excess, wish - (least[wishes.length - 1 - index] ?? wish));
      excess -= given;
      return wish - given;
    })
    .toReversed();
}

function pad(text: string, width: number, align: 'right' | undefined): string {
  const fitting = stringWidth(text) > width ? cut(text, width) : text;
  const blanks = ' '.repeat(Math.max(0, width - stringWidth(fitting)));
  return align === 'right' ? blanks + fitting : fitting + blanks;
}

function cut(text: string, width: number): string {
  let kept = '';
  // By what people take for one sign: a family of emoji has several characters.
  for (const { segment } of SIGNS.segment(text)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
