import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Receiver } from 'rx-redis-receiver';
import { marbles, MemoryPubSub } from 'rx-redis-receiver/testing';
import { hotSensors } from '../hot-sensors.js';

void it("works with node's own runner", () => {
  marbles(({ receiver, publish, expectObservable }) => {
    publish('sensor:1', '                                  -a-b-', { a: '20', b: '95' });
    expectObservable(hotSensors(receiver.channel('sensor:1'))).toBe('---w-', {
      w: 'sensor:1 has 95 degrees',
    });
  });
});

void it('awaits what is pulled', async () => {
  const redis = new MemoryPubSub();
  const receiver = new Receiver(redis);
  receiver.channel('sensor:1');
  await receiver.connect();
  redis.publish('sensor:1', '95');
  assert.equal((await receiver.get())?.data, '95');
});
