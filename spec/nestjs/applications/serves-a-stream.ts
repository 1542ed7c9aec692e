import 'reflect-metadata';
import { Controller, Module, Sse } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { map } from 'rxjs';
import type { Receiver } from 'rx-redis-receiver';
import { InjectReceiver, ReceiverModule } from 'rx-redis-receiver/nestjs';

// An application that serves the messages of the Receiver as Server-Sent Events.

@Controller()
class News {
  constructor(@InjectReceiver() private readonly receiver: Receiver) {}

  @Sse('news')
  news() {
    return this.receiver.channel('news').pipe(map(({ data }) => ({ data })));
  }
}

const options = { redis: process.env.REDIS_URL, isGlobal: process.env.IS_GLOBAL === 'true' };

@Module({ imports: [ReceiverModule.forRoot(options)], controllers: [News] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
