import type { SubscriptionKind } from '../channel-kind.js';
import type { IoredisInternals } from './ioredis-client.js';
import { KIND_NAMES } from './kinds.js';

/** Returns the names that Redis has acknowledged on this connection; undefined if the client does not tell. */
export function acknowledgedNames(
  redis: IoredisInternals,
  kind: SubscriptionKind,
): ReadonlySet<string> | undefined {
  const subscriber = redis.condition?.subscriber;
  if (subscriber === undefined) return undefined;
  const names = subscriber ? subscriber.channels(KIND_NAMES[kind].subscribe) : [];
  const length = kind === 'shard' ? prefixOf(redis).length : 0;
  return new Set(length > 0 ? names.map((name) => name.slice(length)) : names);
}

/** Takes names off the list of those that ioredis subscribes on its next connection. */
export function forgetNames(redis: IoredisInternals, kind: SubscriptionKind, names: Iterable<string>): void {
  const set = redis.prevCondition?.subscriber;
  if (!set) return;
  const prefix = kind === 'shard' ? prefixOf(redis) : '';
  for (const name of names) set.del(KIND_NAMES[kind].subscribe, prefix + name);
}

/** Returns the text that ioredis puts before the names of sharded channels, and of no others. */
export function prefixOf(redis: IoredisInternals): string {
  return redis.options.keyPrefix ?? '';
}
