import { Controller } from '@nestjs/common';
import {
  ClientProxyFactory,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type RedisContext,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { createCluster } from 'redis';
import { keySlot } from '../../lib/hub/key-slot.js';
import { ReceiverStrategy, type HandlerExtras } from 'rx-redis-receiver/nestjs';
import { ask, emit } from '../support/nest-fixture.js';
import { NestLog } from '../support/nest-log.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { until } from '../support/until.js';

const SHARD = { kind: 'shard' } satisfies HandlerExtras;
/** One channel on each of three masters. */
const PARTS = ['part:1', 'part:2', 'part:3'];

const received: string[] = [];

@Controller()
class Handlers {
  @EventPattern(PARTS, SHARD)
  part(@Payload() data: string, @Ctx() context: RedisContext): void {
    received.push(`${context.getChannel()} ${data}`);
  }

  @EventPattern('orders.*')
  order(@Payload() data: string, @Ctx() context: RedisContext): void {
    received.push(`${context.getChannel()} ${data}`);
  }

  @MessagePattern('sum')
  sum(@Payload() numbers: number[]) {
    return numbers.reduce((sum, number) => sum + number, 0);
  }

  @MessagePattern('ask', SHARD)
  ask(@Payload() data: string) {
    return `asked ${data}`;
  }
}

describe('A ReceiverStrategy on a cluster', () => {
  it('receives messages of sharded channels of all masters, and replies', async () => {
    expect(new Set(PARTS.map((name) => Math.floor((keySlot(name) * 3) / 16_384))).size).toBe(3);
    await using redis = await RedisCluster.start({ replicas: 0 });
    const module = await Test.createTestingModule({ controllers: [Handlers] })
      .setLogger(new NestLog())
      .compile();
    const app = module.createNestMicroservice({
      strategy: new ReceiverStrategy({ redis: { rootNodes: redis.rootNodes } }),
    });
    await app.listen();
    const cluster = await createCluster({ rootNodes: redis.rootNodes }).connect();
    for (const name of PARTS) await cluster.sPublish(name, JSON.stringify({ pattern: name, data: 'new' }));
    await until(() => received.length === PARTS.length);
    expect(received.sort()).toEqual(PARTS.map((name) => `${name} new`));

    const replies: string[] = [];
    await cluster.sSubscribe('ask.reply', (reply) => replies.push(reply));
    await cluster.sPublish('ask', JSON.stringify({ pattern: 'ask', data: 'you', id: 'x' }));
    await until(() => replies.length > 0);
    expect(JSON.parse(replies[0]!)).toEqual({ response: 'asked you', isDisposed: true, id: 'x' });

    // A client of Nest itself, on one of the nodes.
    const client = ClientProxyFactory.create({
      transport: Transport.REDIS,
      options: { host: '127.0.0.1', port: redis.nodes[1]!.port },
    });
    await expect(ask(client, 'sum', [1, 2])).resolves.toEqual([3]);
    await emit(client, 'orders.7', 'paid');
    await until(() => received.includes('orders.7 paid'));
    await client.close();
    await app.close();
    cluster.destroy();
  }, 60_000);
});
