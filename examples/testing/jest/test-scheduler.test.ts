import { TestScheduler } from 'rxjs/testing';
import { Receiver } from 'rx-redis-receiver';
import { MemoryPubSub } from 'rx-redis-receiver/testing';
import { hotSensors } from '../hot-sensors.js';

it("works with RxJS's own TestScheduler", () => {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
    const redis = new MemoryPubSub();
    const sensor = new Receiver(redis).channel('sensor:1');
    redis.feed(hot('                             -a-b-', { a: ['sensor:1', '20'], b: ['sensor:1', '95'] }));
    expectObservable(hotSensors(sensor), '       ^---!').toBe('---w-', { w: 'sensor:1 has 95 degrees' });
    expectSubscriptions(redis.subscriptionLog('sensor:1')).toBe('^---!');
  });
});
