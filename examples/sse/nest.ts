// Server-Sent Events with NestJS. A browser that loses its connection gets what it has missed.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/sse/nest.ts

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Controller, Get, Header, Headers, Module, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { toEventStream, type Receiver } from 'rx-redis-receiver';
import { InjectReceiver, ReceiverModule } from 'rx-redis-receiver/nestjs';
import { PAGE } from './page.js';

@Controller()
class NewsController {
  readonly #news;

  constructor(@InjectReceiver() receiver: Receiver) {
    this.#news = receiver.channel('news', { recover: {} });
  }

  @Get()
  @Header('content-type', 'text/html')
  page(): string {
    return PAGE;
  }

  // Nest's own @Sse() cannot hold its source: what a slow browser has not read would wait in memory.
  @Get('news')
  async news(@Headers() headers: IncomingHttpHeaders, @Res() response: ServerResponse): Promise<void> {
    await toEventStream(this.#news, { lastEventId: headers['last-event-id'] }).pipe(response);
  }
}

@Module({
  imports: [ReceiverModule.forRoot({ redis: process.env.REDIS_URL })],
  controllers: [NewsController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
console.log(await app.getUrl());
