import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import type { Tally } from './tally.ts';

const DRAW_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 2_000;
const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\x1b[2K';

/** Where progress is shown; a terminal gets a bar that moves, anything else a line now and then. */
export type ProgressOutput = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean };

/** Shows how the run goes until the returned function is called, which shows it a last time. */
export function showProgress(tally: Tally, output: ProgressOutput): () => void {
  const startMs = performance.now();
  const isTerminal = output.isTTY === true;
  const show = () => {
    const line = describeProgress(tally, performance.now() - startMs, isTerminal);
    output.write(isTerminal ? CLEAR_LINE + line : `${line}\n`);
  };
  if (isTerminal) show();
  const timer = setInterval(show, isTerminal ? DRAW_INTERVAL_MS : LINE_INTERVAL_MS);
  timer.unref();
  let over = false;
  return () => {
    if (over) return;
    over = true;
    clearInterval(timer);
    show();
    if (isTerminal) output.write('\n');
  };
}

/** One line: how far, accepted, refused, errors, orders settled per second, seconds gone. */
export function describeProgress(tally: Tally, elapsedMs: number, colors: boolean): string {
  const share = tally.planned === 0 ? 1 : tally.settled / tally.planned;
  const full = Math.round(share * BAR_WIDTH);
  const paint = (color: 'green' | 'red' | 'dim', text: string) =>
    colors ? styleText(color, text, { validateStream: false }) : text;
  const count = (value: number) => value.toLocaleString('en-US');
  const perSecond = elapsedMs === 0 ? 0 : Math.round((tally.settled / elapsedMs) * 1000);
  const errors = `errors ${count(tally.errors)}`;
  return [
    `${paint('green', '█'.repeat(full))}${paint('dim', '░'.repeat(BAR_WIDTH - full))}`,
    `${Math.floor(share * 100)
      .toString()
      .padStart(3)} %`,
    `accepted ${count(tally.accepted)}`,
    `refused ${count(tally.refused)}`,
    tally.errors > 0 ? paint('red', errors) : errors,
    `${count(perSecond)}/s`,
    `${(elapsedMs / 1000).toFixed(1)} s`,
  ].join('  ');
}
