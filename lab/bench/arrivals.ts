/**
 * When requests arrive that know nothing of each other: the gaps are exponential (a Poisson process). Answers how many
 * of them are due at a time, in milliseconds since the beginning; each is told once.
 */
export function createArrivals(perSecond: number, random: () => number = Math.random): (untilMs: number) => number[] {
  const gap = () => (-Math.log(1 - random()) * 1000) / perSecond;
  let next = gap();
  return (untilMs) => {
    const due: number[] = [];
    for (; next <= untilMs; next += gap()) due.push(next);
    return due;
  };
}
