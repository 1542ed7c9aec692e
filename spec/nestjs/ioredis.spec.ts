import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis6';
import { json, type Receiver } from 'rx-redis-receiver';
import { fromIoredis } from 'rx-redis-receiver/ioredis';
import { getReceiverToken, ReceiverModule } from 'rx-redis-receiver/nestjs';
import { ask, emit, NestFixture } from '../support/nest-fixture.js';
import { until } from '../support/until.js';

const events: unknown[] = [];

@Controller()
class Handlers {
  @MessagePattern('double')
  double(@Payload() value: number): number {
    return 2 * value;
  }

  @EventPattern('paid')
  paid(@Payload() order: unknown): void {
    events.push(order);
  }
}

describe('with clients of ioredis', () => {
  const nest = new NestFixture();

  function open() {
    const redis = new Redis(nest.redis.url);
    nest.closeLater(() => redis.quit());
    return redis;
  }

  it('a ReceiverStrategy answers requests, handles events, and leaves the clients open', async () => {
    const [subscriber, publisher] = [open(), open()];
    const { app } = await nest.serve(Handlers, {
      client: fromIoredis(subscriber),
      publisher: fromIoredis(publisher),
    });
    const proxy = await nest.proxy();
    expect(await ask(proxy, 'double', 21)).toEqual([42]);
    await emit(proxy, 'paid', { id: 7 });
    await until(() => events.length === 1);
    expect(events).toEqual([{ id: 7 }]);
    await app.close();
    expect([subscriber.status, publisher.status]).toEqual(['ready', 'ready']);
    expect(await publisher.pubsub('NUMSUB', 'double', 'paid')).toEqual(['double', 0, 'paid', 0]);
  });

  it('a ReceiverModule provides a Receiver, and leaves the client open', async () => {
    const redis = open();
    const imports = [
      ReceiverModule.forRoot({ client: fromIoredis(redis), channels: ['news'], codec: json() }),
    ];
    const app = await Test.createTestingModule({ imports }).setLogger(nest.log).compile();
    await app.init();
    const receiver = app.get<Receiver<unknown>>(getReceiverToken());
    await receiver.connect();
    const publisher = open();
    await publisher.publish('news', '{"id":1}');
    await expect(receiver.get()).resolves.toMatchObject({ data: { id: 1 } });
    await app.close();
    expect(redis.status).toBe('ready');
    expect(await publisher.pubsub('NUMSUB', 'news')).toEqual(['news', 0]);
  });
});
