import type { GroupKey } from './group-key.js';

const uses = new WeakMap<object, Map<string, number>>();

/** Notes that a follower uses a consumer, from its start to its end. */
export function beginUse(of: GroupKey): void {
  count(of, 1);
}

export function endUse(of: GroupKey): void {
  count(of, -1);
}

/** Returns whether a follower uses the consumer: the next Channel of a stream may begin before the last one has ended. */
export function isInUse(of: GroupKey): boolean {
  return usesOf(of).has(nameOf(of));
}

function count(of: GroupKey, change: number): void {
  const counts = usesOf(of);
  const name = nameOf(of);
  const number = (counts.get(name) ?? 0) + change;
  if (number === 0) counts.delete(name);
  else counts.set(name, number);
}

function usesOf({ connection: { hub } }: GroupKey): Map<string, number> {
  const counts = uses.get(hub) ?? new Map<string, number>();
  uses.set(hub, counts);
  return counts;
}

function nameOf({ key, group, consumer }: GroupKey): string {
  return JSON.stringify([key, group, consumer]);
}
