import type { HubListener } from './hub-listener.js';

/**
 * The listeners of one name. There may be very many lists, and most have at most one listener, so short lists are shared or
 * small arrays. A long list is a Set, so that adding and removing a listener costs the same for any length.
 */
export type ListenerList = readonly HubListener[] | Set<HubListener>;

export const NOBODY: readonly HubListener[] = [];

/** The length from which on a list is a Set. */
const LONG = 16;

export function countOf(list: ListenerList): number {
  return list instanceof Set ? list.size : list.length;
}

export function includes(list: ListenerList, item: HubListener): boolean {
  return list instanceof Set ? list.has(item) : list.includes(item);
}

/** Returns the list with this listener at its end; a Set is changed in place. */
export function joined(list: ListenerList, item: HubListener): ListenerList {
  if (list instanceof Set) return list.add(item);
  if (list.length === 0) return [item];
  return list.length < LONG ? [...list, item] : new Set([...list, item]);
}

/** Returns the list without this listener; a Set is changed in place. */
export function without(list: ListenerList, item: HubListener): ListenerList {
  if (list instanceof Set) {
    list.delete(item);
    return list.size === 0 ? NOBODY : list;
  }
  if (!list.includes(item)) return list;
  return list.length === 1 ? NOBODY : list.filter((other) => other !== item);
}

/** Returns the listeners as they are now. */
export function snapshot(list: ListenerList): readonly HubListener[] {
  return list instanceof Set ? [...list] : list;
}
