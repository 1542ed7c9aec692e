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
  return Array.isArray(list) ? list.length : (list as Set<Consumer>).size;
}

export function includes(list: Consumers, item: Consumer): boolean {
  return Array.isArray(list) ? list.includes(item) : (list as Set<Consumer>).has(item);
}

/** Returns the list with this consumer at its end; a Set is changed in place. */
export function joined(list: Consumers, item: Consumer): Consumers {
  if (!Array.isArray(list)) return (list as Set<Consumer>).add(item);
  if (list.length === 0) return [item];
  return list.length < LONG ? [...list, item] : new Set([...list, item]);
}

/** Returns the list without this consumer; a Set is changed in place. */
export function without(list: Consumers, item: Consumer): Consumers {
  if (Array.isArray(list)) {
    if (!list.includes(item)) return list;
    return list.length === 1 ? NOBODY : list.filter((other) => other !== item);
  }
  const set = list as Set<Consumer>;
  set.delete(item);
  return set.size === 0 ? NOBODY : set;
}

/** Returns the consumers as they are now. */
export function snapshot(list: Consumers): readonly Consumer[] {
  return Array.isArray(list) ? list : [...list];
}
