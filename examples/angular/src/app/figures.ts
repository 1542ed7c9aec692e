import type { Snapshot, SourceCount } from '../../../nest-dashboard/snapshot.js';

/** The size of the chart, in its own units. */
export const WIDTH = 600;
export const HEIGHT = 120;

/** Snapshots over which a rate is taken: a second. */
const OVER = 5;

export interface SourceRate extends SourceCount {
  /** Messages a second. */
  readonly rate: number;
}

export function sourcesWithRates(history: readonly Snapshot[]): SourceRate[] {
  const last = history.at(-1);
  const before = history.at(-1 - OVER) ?? history[0];
  if (!last || !before) return [];
  const seconds = (last.at - before.at) / 1_000;
  const earlier = new Map(before.sources.map(({ id, received }) => [id, received]));
  return last.sources.map((source) => {
    const more = source.received - (earlier.get(source.id) ?? 0);
    return { ...source, rate: seconds > 0 ? more / seconds : 0 };
  });
}

/** The outline of the queue's depth: SVG path data. */
export function depthPath(history: readonly Snapshot[], shown: number): string {
  const start = shown - history.length;
  const points = history.map(({ stats, capacity }, index) => {
    const x = ((start + index) / (shown - 1)) * WIDTH;
    const y = HEIGHT * (1 - stats.buffered / capacity);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const left = ((start / (shown - 1)) * WIDTH).toFixed(1);
  return points.length > 1 ? `M${left},${HEIGHT}L${points.join('L')}L${WIDTH},${HEIGHT}Z` : '';
}
