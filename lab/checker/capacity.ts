import type { ChangeStockRecord, History } from './history.ts';
import type { ItemState } from './sale-state.ts';

/** A moment from which on an item's capacity was at least so much, for certain. */
export interface CapacityFloor {
  readonly fromMs: number;
  readonly units: number;
}

/**
 * The least that an item's capacity can have been, as steps in time. While changes are under way it is the smallest
 * value that any of them left behind; afterwards what the last one (by version) left. A change whose outcome is not
 * known leaves nothing certain.
 */
export function capacityFloors(item: ItemState, history: History): CapacityFloor[] {
  let settled = openingCapacity(item, history);
  const floors: CapacityFloor[] = [{ fromMs: Number.NEGATIVE_INFINITY, units: settled }];
  for (const cluster of clusterChanges(item.id, history)) {
    const values = cluster.map((change) => change.capacity ?? Number.NEGATIVE_INFINITY);
    floors.push({ fromMs: cluster[0]?.sentAtMs ?? 0, units: Math.min(settled, ...values) });
    const endMs = Math.max(...cluster.map((change) => change.answeredAtMs ?? Number.POSITIVE_INFINITY));
    if (!Number.isFinite(endMs)) return floors;
    settled = lastOf(cluster).capacity ?? 0;
    floors.push({ fromMs: endMs, units: settled });
  }
  return floors;
}

/** The least and the most that the item's capacity was during the run, as far as anybody saw. */
export function capacityRange(item: ItemState, history: History): { least: number; most: number } {
  const changes = history.stockChanges.filter((change) => change.itemId === item.id);
  const known = changes.flatMap((change) => (change.capacity === null ? [] : [change.capacity]));
  const all = [openingCapacity(item, history), item.stock.capacity, ...known];
  const doubtful = known.length < changes.length;
  return { least: doubtful ? 0 : Math.min(...all), most: doubtful ? Number.POSITIVE_INFINITY : Math.max(...all) };
}

/**
 * The most that an item's capacity can have been at some moment of a stretch of time, by the clock of the clients. The
 * counterpart of `capacityFloors`.
 */
export function capacityCeiling(item: ItemState, history: History): (sinceMs: number, untilMs: number) => number {
  let settled = openingCapacity(item, history);
  const steps: { fromMs: number; units: number }[] = [{ fromMs: Number.NEGATIVE_INFINITY, units: settled }];
  for (const cluster of clusterChanges(item.id, history)) {
    const values = cluster.map((change) => change.capacity ?? Number.POSITIVE_INFINITY);
    steps.push({ fromMs: cluster[0]?.sentAtMs ?? 0, units: Math.max(settled, ...values) });
    const endMs = Math.max(...cluster.map((change) => change.answeredAtMs ?? Number.POSITIVE_INFINITY));
    if (!Number.isFinite(endMs)) break;
    settled = lastOf(cluster).capacity ?? Number.POSITIVE_INFINITY;
    steps.push({ fromMs: endMs, units: settled });
  }
  return (sinceMs, untilMs) =>
    steps.reduce((most, { fromMs, units }, index) => {
      const endMs = steps[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
      return fromMs <= untilMs && endMs >= sinceMs ? Math.max(most, units) : most;
    }, 0);
}

function lastOf(cluster: readonly ChangeStockRecord[]): Pick<ChangeStockRecord, 'capacity'> {
  return cluster.reduce((last, change) => ((change.version ?? 0) > (last.version ?? 0) ? change : last));
}

function openingCapacity(item: ItemState, history: History): number {
  const opening = history.saleReads[0]?.sale.items.find((candidate) => candidate.id === item.id);
  return opening?.stock.capacity ?? item.stock.capacity;
}

/** Groups the changes of an item whose time spans overlap, in order of time. */
function clusterChanges(itemId: string, history: History): ChangeStockRecord[][] {
  const changes = history.stockChanges.filter((change) => change.itemId === itemId);
  const clusters: ChangeStockRecord[][] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const change of changes.toSorted((a, b) => a.sentAtMs - b.sentAtMs)) {
    const cluster = clusters.at(-1);
    if (cluster === undefined || change.sentAtMs > endMs) clusters.push([change]);
    else cluster.push(change);
    endMs = Math.max(endMs, change.answeredAtMs ?? Number.POSITIVE_INFINITY);
  }
  return clusters;
}
