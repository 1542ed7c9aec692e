import { cold, hot } from 'jest-marbles';
import { Receiver } from 'rx-redis-receiver';
import { MemoryPubSub, type MemoryMessage } from 'rx-redis-receiver/testing';
import { hotSensors } from '../hot-sensors.js';

it('works with jest-marbles', () => {
  const redis = new MemoryPubSub();
  const sensor = new Receiver(redis).channel('sensor:1');
  const messages: Record<string, MemoryMessage> = { a: ['sensor:1', '20'], b: ['sensor:1', '95'] };
  redis.feed(hot('                                          -a-b-', messages));
  expect(hotSensors(sensor)).toBeObservable(cold('          ---w-', { w: 'sensor:1 has 95 degrees' }));
});
