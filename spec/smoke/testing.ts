import { map } from 'rxjs';
import { type Message, json, publishTo, Receiver } from 'rx-redis-receiver';
import { marbles, type MemoryMessage, MemoryPubSub, type Publication } from 'rx-redis-receiver/testing';

interface Order {
  readonly id: number;
}

export function test(): void {
  marbles<Order>(
    ({ redis, receiver, hot, publish, expectData, expectObservable, expectSubscriptions }) => {
      publish('orders', '-a', { a: { id: 7 } });
      // @ts-expect-error: what is published has the type of the Receiver's data
      publish('orders', '-a', { a: { name: 'tea' } });
      redis.feed(hot<MemoryMessage>('-a', { a: ['orders', '{}'] }));
      const orders = receiver.channel('orders');
      expectData(orders).toBe('-a');
      expectObservable(orders.pipe(map(({ data }: Message<Order>) => data.id))).toBe('-a');
      expectSubscriptions(redis.subscriptionLog('orders')).toBe('^');
      publishTo(redis, 'orders');
      publishTo(
        redis.publisher(({ receivers }: Publication) => receivers),
        'orders',
      );
    },
    { codec: json<Order>(), acknowledge: 5, capacity: 10 },
  );
}

export const receiver = new Receiver(new MemoryPubSub({ acknowledge: 'withheld' }));
