const assert = require('node:assert/strict');
const { retry } = require('rxjs');

/** What a test of a user's does, however it has loaded the kit: without `redis`, and without a test runner. */
module.exports = async function useTheKit({ Receiver, json, marbles, MemoryPubSub }) {
  const ofOrders = (expected) => () =>
    marbles(
      ({ redis, receiver, hot, expectData, expectSubscribed }) => {
        redis.feed(hot('-a-b-c', { a: ['order', '1'], b: ['order', 'tea'], c: ['order', '3'] }));
        expectData(receiver.channel('order').pipe(retry())).toBe(expected, { a: 1, c: 3 });
        expectSubscribed('order').toBe('^');
      },
      { codec: json() },
    );
  ofOrders('-a---c')();
  assert.throws(ofOrders('-a--c-'), { name: 'AssertionError' });

  const redis = new MemoryPubSub();
  const receiver = new Receiver(redis);
  receiver.pattern('order:[1-7]');
  await receiver.connect();
  assert.equal(redis.publish('order:7', 'paid'), 1);
  assert.equal(redis.publish('order:8', 'paid'), 0);
  assert.equal((await receiver.get()).data, 'paid');
  await receiver.stop();
};
