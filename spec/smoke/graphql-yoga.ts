import { createRedisEventTarget, type TypedEvent } from 'rx-redis-receiver/graphql/yoga';
import { MemoryPubSub } from 'rx-redis-receiver/testing';

const redis = new MemoryPubSub();
const target = createRedisEventTarget<TypedEvent<'paid', number>>({
  publishClient: redis,
  subscribeClient: redis,
});
target.addEventListener('paid', ({ detail }) => detail.toFixed(), { once: true });
// @ts-expect-error: another topic
target.addEventListener('news', () => undefined);
