import type { Snapshot, SourceCount } from '../../../nest-dashboard/snapshot.js';

/** The size of the chart, in its own units. */
export const WIDTH = 600;
export const HEIGHT = 120;

/** Snapshots that the server sends in a second. */
export const PER_SECOND = 5;
/** Snapshots by which the chart grows: ten seconds. */
const PER_PART = 50;

export interface SourceRate extends SourceCount {
  /** Messages a second. */
  readonly rate: number;
}

export function sourcesWithRates(history: readonly Snapshot[]): SourceRate[] {
  const last = history.at(-1);
  const before = history.at(-1 - PER_SECOND) ?? history[0];
  if (!last || !before) return [];
  const seconds = (last.at - before.at) / 1_000;
  const earlier = new Map(before.sources.map(({ id, received }) => [id, received]));
  return last.sources.map((source) => {
    const more = source.received - (earlier.get(source.id) ?? 0);
    return { ...source, rate: seconds > 0 ? more / seconds : 0 };
  });
}

/** The number of snapshots that the chart has room for: of a young server, about those that there are. */
export function shownOf(history: readonly Snapshot[]): number {
  return Math.max(1, Math.ceil(history.length / PER_PART)) * PER_PART;
}

/** Seconds that so many snapshots take. */
export function timeOf(snapshots: number): number {
  return snapshots / PER_SECOND;
}

/** The place of a snapshot: the last one is at the right edge. */
export function xOf(index: number, history: readonly Snapshot[]): number {
  return WIDTH * (1 - (history.length - 1 - index) / shownOf(history));
}

/** The snapshot at a part of the width; before the first or behind the last where there is none. */
export function indexAt(part: number, history: readonly Snapshot[]): number {
  return Math.round(history.length - 1 - (1 - part) * shownOf(history));
}

/** The outline of the queue's depth: SVG path data. */
export function depthPath(history: readonly Snapshot[]): string {
  const points = history.map(({ stats, capacity }, index) => {
    const y = HEIGHT * (1 - stats.buffered / capacity);
    return `${xOf(index, history).toFixed(1)},${y.toFixed(1)}`;
  });
  const left = xOf(0, history).toFixed(1);
  return points.length > 1 ? `M${left},${HEIGHT}L${points.join('L')}L${WIDTH},${HEIGHT}Z` : '';
}
