import type { PubSubEngine } from 'graphql-subscriptions';
import type { Receiver } from 'rx-redis-receiver';
import { createRedisEventTarget, RedisPubSub, type RedisPubSubOptions } from 'rx-redis-receiver/graphql';
import { MemoryPubSub } from 'rx-redis-receiver/testing';

const redis = new MemoryPubSub();
const options: RedisPubSubOptions = {
  subscriber: redis,
  publisher: redis,
  triggerTransform: (trigger, { path }: { path: string[] }) => [trigger, ...path].join('.'),
  overflow: 'drop-oldest',
  onGap: ({ dropped }) => ({ missed: dropped }),
};
export const engine: PubSubEngine = new RedisPubSub(options);
export const onReceiver = (receiver: Receiver) => new RedisPubSub({ receiver });

// @ts-expect-error: a policy of recoverable Channels
new RedisPubSub({ subscriber: redis, overflow: 'replay' });

export async function main(pubSub: RedisPubSub): Promise<number> {
  const id = await pubSub.subscribe<{ id: number }>('orders', (order) => order.id.toFixed(), { path: ['a'] });
  for await (const order of pubSub.asyncIterator<{ id: number }>('order.*', { pattern: true }))
    return order.id;
  return id;
}

createRedisEventTarget({ publishClient: redis, subscribeClient: redis });
