import { Counter, Histogram, type Registry } from '@prometheus-io/client';
import { FEW_BUCKETS } from './buckets.ts';
import { createKnownLabel } from './known-label.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** More patterns of routes than there are. A mistake that passes addresses for patterns ends here. */
const ROUTES_MAX = 200;

export interface HttpMetrics {
  /**
   * One request that was answered. `route` is the route's pattern, or `none`; `seconds` is undefined where its time
   * stands in another metric.
   */
  observeHttp(method: string, route: string, status: number, seconds: number | undefined): void;
  /** All requests that were answered so far, and those of them with a 5xx. */
  httpTotals(): { readonly requests: number; readonly errors: number };
}

/** Requests, by method, route and status. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry];
  const methodOf = createKnownLabel(METHODS);
  /** By route, method and status. Plain numbers, because each request passes here. */
  const counts = new Map<string, Map<string, Map<number, number>>>();
  let requests = 0;
  let errors = 0;

  new Counter({
    name: 'doorbuster_http_requests_total',
    help: "HTTP requests that were answered, by method, route and status. The route is its pattern, none where there is none; a method that no route takes is 'other'.",
    labelNames: ['method', 'route', 'status'],
    registers,
    collect() {
      this.reset();
      for (const [route, methods] of counts) {
        for (const [method, statuses] of methods) {
          for (const [status, count] of statuses) this.inc({ method, route, status }, count);
        }
      }
    },
  });
  const seconds = new Histogram({
    name: 'doorbuster_http_request_seconds',
    help: 'Time of HTTP requests by method and route, without those in doorbuster_placing_seconds.',
    labelNames: ['method', 'route'],
    buckets: FEW_BUCKETS,
    registers,
  });

  function countsOf(route: string, method: string): Map<number, number> {
    const known = counts.get(route)?.get(method);
    if (known !== undefined) return known;
    const statuses = new Map<number, number>();
    const methods = counts.get(route) ?? new Map<string, Map<number, number>>();
    counts.set(route, methods.set(method, statuses));
    return statuses;
  }

  return {
    observeHttp(method, route, status, time) {
      const known = counts.has(route) || counts.size < ROUTES_MAX ? route : 'other';
      const statuses = countsOf(known, methodOf(method));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      requests += 1;
      if (status >= 500) errors += 1;
      if (time !== undefined) seconds.observe({ method: methodOf(method), route: known }, time);
    },
    httpTotals: () => ({ requests, errors }),
  };
}
