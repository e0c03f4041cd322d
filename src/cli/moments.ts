import { UsageError } from './command.ts';

const FORMAT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const EXACT_FORMAT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
const STEP_FORMAT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** A time of the API for a table, in the user's time zone: `21 Nov 2026, 20:05`. */
export function formatTime(time: string): string {
  return FORMAT.format(new Date(time));
}

/** With its seconds and time zone. */
export function formatExactTime(time: string): string {
  return EXACT_FORMAT.format(new Date(time));
}

/** For steps of something whose year and time zone stand above them: `21 Nov, 20:05:09`. */
export function formatStepTime(time: string): string {
  return STEP_FORMAT.format(new Date(time));
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^\+(\d{1,6})([smhd])$/;
const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** Whether a moment depends on when it is read. */
export function isRelative(text: string): boolean {
  return text === 'now' || DURATION.test(text);
}

/**
 * A moment as the API takes it: RFC 3339 with its time zone (the seconds may be left out), `now`, or `+2h` from `start`.
 * @throws UsageError for anything else, such as a time without its time zone
 */
export function readMoment(name: string, text: string, { now, start }: { now: Date; start: Date }): string {
  if (text === 'now') return now.toISOString();
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (unit !== undefined) return later(start, Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  const [, minutes, seconds = ':00', zone] = RFC_3339.exec(text) ?? [];
  if (minutes !== undefined) return `${minutes}${seconds}${zone}`;
  throw new UsageError(
    `${name} must be a time with its time zone, like 2026-11-27T09:00:00+01:00 or 2026-11-27T08:00Z, not "${text}".`,
  );
}

function later(start: Date, ms: number): string {
  const time = new Date(start.getTime() + ms);
  if (Number.isNaN(time.getTime())) throw new UsageError('There is no such time.');
  return time.toISOString();
}
