/** How much of something a test does: a little in `npm test`, all of it in `npm run prove`. */
export function scaled(short: number, full: number): number {
  return process.env['TEST_SCALE'] === 'full' ? full : short;
}
