const assert = require('node:assert/strict');

/** A user of ioredis receives a message, without `redis`. */
module.exports = async function useIoredis({ Redis, Receiver, fromIoredis }) {
  const redis = new Redis(process.env.REDIS_URL);
  const subscriber = redis.duplicate();
  const receiver = new Receiver(fromIoredis(subscriber));
  receiver.channel('orders');
  await receiver.connect();
  await redis.publish('orders', 'tea');
  assert.equal((await receiver.get()).data, 'tea');
  await receiver.stop();
  redis.disconnect();
  subscriber.disconnect();
};
