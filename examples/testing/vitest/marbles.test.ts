import { expect, it } from 'vitest';
import { Receiver } from 'rx-redis-receiver';
import { marbles, MemoryPubSub } from 'rx-redis-receiver/testing';
import { hotSensors } from '../hot-sensors.js';

it('works with vitest', () => {
  marbles(({ receiver, publish, expectObservable }) => {
    publish('sensor:1', '                                  -a-b-', { a: '20', b: '95' });
    expectObservable(hotSensors(receiver.channel('sensor:1'))).toBe('---w-', {
      w: 'sensor:1 has 95 degrees',
    });
  });
});

it('needs no virtual time for a test of what, and not when', () => {
  const redis = new MemoryPubSub();
  const warnings: string[] = [];
  hotSensors(new Receiver(redis).channel('sensor:1')).subscribe((warning) => warnings.push(warning));
  expect(redis.publish('sensor:1', '95')).toBe(1);
  expect(warnings).toEqual(['sensor:1 has 95 degrees']);
});
