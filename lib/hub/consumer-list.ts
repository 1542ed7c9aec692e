import type { Consumer } from './consumer.js';

// There may be very many lists, and most have one consumer or none: what these need not copy, they share.

export const NOBODY: readonly Consumer[] = [];

export function joined(list: readonly Consumer[], others: readonly Consumer[]): readonly Consumer[] {
  if (others.length === 0) return list;
  return list.length === 0 ? others : [...list, ...others];
}

export function without(list: readonly Consumer[], item: Consumer): readonly Consumer[] {
  if (!list.includes(item)) return list;
  return list.length === 1 ? NOBODY : list.filter((other) => other !== item);
}
