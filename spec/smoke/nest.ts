import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  type RedisContext,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import type { Receiver } from 'rx-redis-receiver';
import {
  type HandlerExtras,
  InjectReceiver,
  ReceiverHealthIndicator,
  ReceiverModule,
  ReceiverStrategy,
} from 'rx-redis-receiver/nestjs';
import {
  ReceiverStrategy as Strategy,
  type ReceiverStrategyOptions,
} from 'rx-redis-receiver/nestjs/microservice';

@Controller()
class Orders {
  constructor(@InjectReceiver('orders') readonly receiver: Receiver) {}

  @MessagePattern({ cmd: 'sum' })
  sum(numbers: number[]): number {
    return numbers.length;
  }

  @EventPattern('orders:{eu}', { kind: 'shard' } satisfies HandlerExtras)
  order(_id: string): void {}

  @EventPattern<string>('orders.*')
  any(@Payload() id: string, @Ctx() context: RedisContext): string {
    return `${context.getChannel()} ${id}`;
  }
}

@Module({
  imports: [
    ReceiverModule.forRoot({ redis: 'redis://127.0.0.1', capacity: 10 }),
    ReceiverModule.forRootAsync({ name: 'orders', useFactory: () => ({ channels: ['a'] }) }),
    // @ts-expect-error: a URL or options
    ReceiverModule.forRoot({ redis: 1 }),
  ],
  controllers: [Orders],
})
class AppModule {}

const options: ReceiverStrategyOptions = { redis: 'redis://127.0.0.1' };
export const strategy: ReceiverStrategy = new Strategy(options);

export async function main(): Promise<'up' | 'down'> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
    strategy: new ReceiverStrategy({ redis: 'redis://127.0.0.1', concurrent: 10 }),
  });
  app.status.subscribe((status: string) => status);
  await app.listen();
  return app.get(ReceiverHealthIndicator).isHealthy('redis').redis.status;
}
