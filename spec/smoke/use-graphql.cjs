const assert = require('node:assert/strict');

/** What a server does, however it has loaded the package: without `graphql-subscriptions`, of which only types are used. */
module.exports = async function useGraphql({ RedisPubSub, createRedisEventTarget, yoga, MemoryPubSub }) {
  assert.equal(yoga.createRedisEventTarget, createRedisEventTarget);
  const redis = new MemoryPubSub();
  const pubSub = new RedisPubSub({ subscriber: redis, publisher: redis });
  const orders = pubSub.asyncIterator('order.*', { pattern: true });
  const first = orders.next();
  await pubSub.publish('order.7', { id: 7 });
  assert.deepEqual(await first, { done: false, value: { id: 7 } });
  await pubSub.close();
  assert.deepEqual(await orders.next(), { done: true, value: undefined });

  const target = createRedisEventTarget({ publishClient: redis, subscribeClient: redis });
  const details = [];
  target.addEventListener('paid', ({ detail }) => details.push(detail), { once: true });
  target.dispatchEvent(new globalThis.CustomEvent('paid', { detail: 7 }));
  assert.deepEqual(details, [7]);
};
