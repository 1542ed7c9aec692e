import { of, delay } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { mergeMapBounded, Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

const virtually = (work: (scheduler: TestScheduler, flush: () => void) => void) => {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run(({ flush }) => work(scheduler, flush));
};

describe('a group on the Redis in memory', () => {
  it('delivers and acknowledges in the same tick, without a promise', () => {
    virtually((_, flush) => {
      const redis = new MemoryPubSub();
      const receiver = new Receiver(redis);
      const received: unknown[] = [];
      receiver.stream('jobs', { group: 'workers', field: 'n' }).subscribe(({ data }) => received.push(data));
      redis.xAdd('jobs', '*', { n: '1' });
      redis.xAdd('jobs', '*', { n: '2' });
      expect(received).toEqual(['1', '2']);
      flush();
      expect(redis.xPending('jobs', 'workers')).toMatchObject({ pending: 0 });
      void receiver.stop();
    });
  });

  it('delivers a message again after claimAfter, in virtual time, and then as a dead letter', () => {
    virtually((scheduler, flush) => {
      const redis = new MemoryPubSub();
      const receiver = new Receiver(redis);
      const log: unknown[] = [];
      receiver.events.subscribe(({ type }) => log.push([scheduler.now(), type]));
      receiver
        .stream('jobs', {
          group: 'workers',
          ack: 'manual',
          claimAfter: 30_000,
          maxDeliveries: 3,
          deadLetter: 'dead',
        })
        .subscribe(({ deliveries, nack }) => {
          log.push([scheduler.now(), deliveries]);
          nack();
        });
      redis.xAdd('jobs', '*', { n: '1' });
      flush();
      expect(log).toEqual([
        [0, 'subscribed'],
        [0, 1],
        [30_000, 2],
        [60_000, 3],
        [60_000, 'dead-letter'],
      ]);
      expect(redis.xRange('dead', '-', '+')).toHaveLength(1);
      expect(redis.xPending('jobs', 'workers')).toMatchObject({ pending: 0 });
    });
  });

  it('ends virtual time while a message is being handled, and when nothing is left to do', () => {
    virtually((scheduler, flush) => {
      const redis = new MemoryPubSub();
      const receiver = new Receiver(redis);
      const handled: unknown[] = [];
      receiver
        .stream('jobs', { group: 'workers', claimAfter: 1_000 })
        .pipe(mergeMapBounded(({ data }) => of(data.n).pipe(delay(100_000))))
        .subscribe((n) => handled.push([scheduler.now(), n]));
      redis.xAdd('jobs', '*', { n: '1' });
      redis.xAdd('jobs', '*', { n: '2' });
      flush();
      expect(handled).toEqual([
        [100_000, '1'],
        [200_000, '2'],
      ]);
      expect(redis.xPending('jobs', 'workers')).toMatchObject({ pending: 0 });
    });
  });

  it('hands what one Receiver has left to the next one', () => {
    virtually((_, flush) => {
      const redis = new MemoryPubSub();
      const first = new Receiver(redis);
      const jobs = { group: 'workers', claimAfter: 1_000 };
      first.stream('jobs', { ...jobs, ack: 'manual' }).subscribe();
      redis.xAdd('jobs', '*', { n: '1' });
      void first.stop();
      const second = new Receiver(redis);
      const received: unknown[] = [];
      second.stream('jobs', jobs).subscribe(({ data, deliveries }) => received.push([data.n, deliveries]));
      flush();
      expect(received).toEqual([['1', 2]]);
    });
  });
});
