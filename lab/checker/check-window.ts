import type { Case } from './case.ts';
import type { Violation } from './violation.ts';

/** S-10: no order before `opensAt` or from `closesAt` on, by the database's clock; of all windows seen, the widest. */
export function checkWindow(facts: Case): Violation[] {
  const sales = [...facts.history.saleReads.map((read) => read.sale), facts.final.sale];
  const opensAtMs = Math.min(...unique(sales.map((sale) => sale.opensAt)).map(Date.parse));
  const closesAtMs = Math.max(...unique(sales.map((sale) => sale.closesAt)).map(Date.parse));
  return [...facts.orders.values()].flatMap(({ order }) => {
    const placedAtMs = Date.parse(order.placedAt);
    if (placedAtMs >= opensAtMs && placedAtMs < closesAtMs) return [];
    return [
      {
        promise: 'S-10',
        kind: 'outside-window',
        message: `order ${order.id} was placed ${placedAtMs < opensAtMs ? 'before opening' : 'after closing'}`,
        evidence: { orderId: order.id, placedAt: order.placedAt, opensAtMs, closesAtMs },
      },
    ];
  });
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
