import { marbles } from 'rxjs-marbles/jest';
import { Receiver } from 'rx-redis-receiver';
import { MemoryPubSub, type MemoryMessage } from 'rx-redis-receiver/testing';
import { hotSensors } from '../hot-sensors.js';

it(
  'works with rxjs-marbles',
  marbles((m) => {
    const redis = new MemoryPubSub();
    const sensor = new Receiver(redis).channel('sensor:1');
    redis.feed(m.hot<MemoryMessage>('       -a-b-', { a: ['sensor:1', '20'], b: ['sensor:1', '95'] }));
    m.expect(hotSensors(sensor)).toBeObservable('---w-', { w: 'sensor:1 has 95 degrees' });
  }),
);
