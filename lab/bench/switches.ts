import { openPlacing } from './scenes.ts';
import type { Site } from './site.ts';
import type { Subject } from './subject.ts';
import { startTraceSink } from './trace-sink.ts';

/** The same as placing, with a hundredth of the requests traced. */
export async function openTraced(site: Site): Promise<Subject> {
  const sink = await startTraceSink();
  try {
    const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_TRACES_SAMPLER_ARG: '0.01' };
    const subject = await openPlacing(site, { settings });
    const audit = async (seen: Parameters<Subject['audit']>[0]) => {
      const faults = sink.received() > 0 ? [] : ['no trace has come'];
      return [...faults, ...(await subject.audit(seen))];
    };
    // The audit comes after the servers have stopped, and so after their last traces.
    return { ...subject, audit, close: sink.close };
  } catch (error) {
    await sink.close();
    throw error;
  }
}

/** Fifteen times as often as Prometheus does it where nothing else is said. */
const SCRAPE_MS = 1_000;

/** The same as placing, with the metrics being read each second. */
export async function openScraped(site: Site): Promise<Subject> {
  const subject = await openPlacing(site);
  const url = `${subject.servers[0]?.url}/metrics`;
  const beside = () => {
    const readings: Promise<unknown>[] = [];
    const read = async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      if (!response.ok) throw new Error(`GET /metrics was answered ${response.status}.`);
      await response.text();
    };
    const start = () => {
      const reading = read();
      // Its failure is thrown at the end.
      reading.catch(() => {});
      readings.push(reading);
    };
    const timer = setInterval(start, SCRAPE_MS);
    start();
    return async () => {
      clearInterval(timer);
      await Promise.all(readings);
    };
  };
  return { ...subject, beside };
}

/** The same as placing, with the two rate limits on. They are so high that nobody is refused. */
export function openRateLimited(site: Site): Promise<Subject> {
  const settings = { RATE_LIMIT_PER_IP: '100000000/60', RATE_LIMIT_PER_USER: '100000000/60' };
  return openPlacing(site, { settings });
}
