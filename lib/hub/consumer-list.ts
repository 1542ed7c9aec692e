import type { Consumer } from './consumer.js';

/**
 * The consumers of one name. There may be very many lists, and most have one consumer or none, so that these are shared or
 * small arrays; a long list is a Set, so that joining and leaving cost the same however many there are.
 */
export type Consumers = readonly Consumer[] | Set<Consumer>;

export const NOBODY: readonly Consumer[] = [];

/** From this length on a list is a Set. */
const LONG = 16;

export function countOf(list: Consumers): number {
  return list instanceof Set ? list.size : list.length;
}

export function includes(list: Consumers, item: Consumer): boolean {
  return list instanceof Set ? list.has(item) : list.includes(item);
}

/** Returns the list with this consumer at its end; a Set is changed in place. */
export function joined(list: Consumers, item: Consumer): Consumers {
  if (list instanceof Set) return list.add(item);
  if (list.length === 0) return [item];
  return list.length < LONG ? [...list, item] : new Set([...list, item]);
}

/** Returns the list without this consumer; a Set is changed in place. */
export function without(list: Consumers, item: Consumer): Consumers {
  if (list instanceof Set) {
    list.delete(item);
    return list.size === 0 ? NOBODY : list;
  }
  if (!list.includes(item)) return list;
  return list.length === 1 ? NOBODY : list.filter((other) => other !== item);
}

/** Returns the consumers as they are now. */
export function snapshot(list: Consumers): readonly Consumer[] {
  return list instanceof Set ? [...list] : list;
}
