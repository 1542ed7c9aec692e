import 'reflect-metadata';
import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { concatMap, lastValueFrom, scan } from 'rxjs';
import type { Receiver } from 'rx-redis-receiver';
import { InjectReceiver, ReceiverModule } from 'rx-redis-receiver/nestjs';

// An application whose root module waits, at shutdown, until all received messages are handled.

@Injectable()
class News {
  readonly handled: Promise<number>;

  constructor(@InjectReceiver() receiver: Receiver) {
    const handled = receiver.pipe(
      concatMap(() => setImmediate(1)),
      scan((count) => count + 1, 0),
    );
    this.handled = lastValueFrom(handled, { defaultValue: 0 });
  }
}

const options = {
  redis: process.env.REDIS_URL,
  channels: ['news'],
  connect: true,
  isGlobal: process.env.IS_GLOBAL === 'true',
};

@Module({ imports: [ReceiverModule.forRoot(options)], providers: [News] })
class AppModule implements OnApplicationShutdown {
  constructor(@Inject(News) private readonly news: News) {}

  async onApplicationShutdown(): Promise<void> {
    console.log(`handled ${await this.news.handled}`);
  }
}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
