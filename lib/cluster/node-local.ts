import type { SubscriptionKind } from '../channel-kind.js';

/** The beginnings of the names of keyspace notifications, which a node sends to its own subscribers alone. */
const PREFIXES = ['space', 'event'].flatMap((family) => [
  `__key${family}@`,
  `__subkey${family}@`,
  `__subkeyspace${family === 'space' ? 'item' : 'event'}@`,
]);
/** The shortest beginning of a glob that is taken for one of notifications. */
const SHORTEST = '__key'.length;

/** Returns whether a name is one of keyspace notifications, or a glob of their names. */
export function isNodeLocal(kind: SubscriptionKind, name: string): boolean {
  if (kind === 'shard' || !name.startsWith('__')) return false;
  if (PREFIXES.some((prefix) => name.startsWith(prefix))) return true;
  if (kind === 'channel') return false;
  const [literal = ''] = name.split(/[*?[\\]/, 1);
  return literal.length >= SHORTEST && PREFIXES.some((prefix) => prefix.startsWith(literal));
}
