import type { HubListener } from './hub-listener.js';

/**
 * The listeners of one name. There may be very many lists, and most have at most one listener, so such a list is the listener
 * itself. A long list is a Set, so that adding and removing a listener costs the same for any length.
 */
export type ListenerList = HubListener | readonly HubListener[] | Set<HubListener> | undefined;

const NOBODY: readonly HubListener[] = [];

/** The length from which on a list is a Set. */
const LONG = 16;

export function includes(list: ListenerList, item: HubListener): boolean {
  if (list === undefined || list === item) return list === item;
  if (list instanceof Set) return list.has(item);
  return isArray(list) && list.includes(item);
}

/** Returns the list with this listener at its end; a Set is changed in place. */
export function joined(list: ListenerList, item: HubListener): ListenerList {
  if (list === undefined) return item;
  if (list instanceof Set) return list.add(item);
  const items = [...snapshot(list), item];
  return items.length <= LONG ? items : new Set(items);
}

/** Returns the list without this listener; a Set is changed in place. */
export function without(list: ListenerList, item: HubListener): ListenerList {
  if (list === undefined || list === item) return undefined;
  if (list instanceof Set) {
    list.delete(item);
    return list.size === 0 ? undefined : list;
  }
  if (!isArray(list) || !list.includes(item)) return list;
  return list.length === 2 ? list.find((other) => other !== item) : list.filter((other) => other !== item);
}

/** Returns the listeners as they are now. */
export function snapshot(list: ListenerList): readonly HubListener[] {
  if (list === undefined) return NOBODY;
  if (list instanceof Set) return [...list];
  return isArray(list) ? list : [list];
}

/** Returns the listener of a list that has one alone. */
export function onlyOf(list: ListenerList): HubListener | undefined {
  if (list === undefined || isArray(list)) return undefined;
  if (!(list instanceof Set)) return list;
  return list.size === 1 ? snapshot(list)[0] : undefined;
}

function isArray(list: ListenerList): list is readonly HubListener[] {
  return Array.isArray(list);
}
