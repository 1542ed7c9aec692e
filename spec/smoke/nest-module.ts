import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Receiver } from 'rx-redis-receiver';
import {
  getReceiverToken,
  InjectReceiver,
  type ReceiverHealth,
  ReceiverHealthIndicator,
  ReceiverModule,
  type ReceiverModuleOptions,
} from 'rx-redis-receiver/nestjs/module';

const options: ReceiverModuleOptions = { redis: 'redis://127.0.0.1', capacity: 10 };

@Controller()
class Orders {
  constructor(@InjectReceiver('orders') readonly receiver: Receiver) {}
}

@Module({
  imports: [
    ReceiverModule.forRoot(options),
    ReceiverModule.forRootAsync({ name: 'orders', useFactory: () => ({ channels: ['a'] }) }),
    // @ts-expect-error: a URL or options
    ReceiverModule.forRoot({ redis: 1 }),
  ],
  controllers: [Orders],
})
class AppModule {}

export async function main(): Promise<ReceiverHealth<'redis'>> {
  const app = await NestFactory.createApplicationContext(AppModule);
  await app.get<Receiver>(getReceiverToken('orders')).stop();
  return app.get(ReceiverHealthIndicator).isHealthy('redis');
}
