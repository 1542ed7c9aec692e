import type { SubscriptionKind } from '../channel-kind.js';
import type { RegistryType } from '../hub/client.js';
import type { IoredisKind } from './ioredis-client.js';

interface KindNames {
  readonly subscribe: IoredisKind;
  readonly unsubscribe: 'unsubscribe' | 'punsubscribe' | 'sunsubscribe';
  readonly type: RegistryType;
}

/** The commands of ioredis, and the registry of node-redis, by kind. */
export const KIND_NAMES: Readonly<Record<SubscriptionKind, KindNames>> = {
  channel: { subscribe: 'subscribe', unsubscribe: 'unsubscribe', type: 'CHANNELS' },
  pattern: { subscribe: 'psubscribe', unsubscribe: 'punsubscribe', type: 'PATTERNS' },
  shard: { subscribe: 'ssubscribe', unsubscribe: 'sunsubscribe', type: 'SHARDED' },
};

export const KINDS: readonly SubscriptionKind[] = ['channel', 'pattern', 'shard'];

/** Returns the kind of the names in a registry. */
export function kindOf(type: RegistryType): SubscriptionKind {
  return KINDS.find((kind) => KIND_NAMES[kind].type === type) as SubscriptionKind;
}
