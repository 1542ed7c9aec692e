// GraphQL subscriptions with NestJS, schema first, on GraphQL Yoga, which sends them as Server-Sent Events.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/graphql/nest.ts

import 'reflect-metadata';
import { YogaDriver, type YogaDriverConfig } from '@graphql-yoga/nestjs';
import { Controller, Get, Header, Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Args, GraphQLModule, Mutation, Resolver, Subscription } from '@nestjs/graphql';
import { RedisPubSub } from 'rx-redis-receiver/graphql';
import { PAGE } from './page.js';

const typeDefs = `
  type Query { isOpen: Boolean! }
  type Mutation { pay(id: Int!): Boolean! }
  type Subscription { orderPaid: OrderPaid! }

  union OrderPaid = Order | Missed
  type Order { id: Int! }
  "Orders that were paid, and of which this client was not told; the number is null if it is unknown."
  type Missed { count: Int }
`;

@Resolver()
class OrderResolver {
  constructor(@Inject(RedisPubSub) private readonly pubSub: RedisPubSub) {}

  @Mutation()
  async pay(@Args('id') id: number): Promise<boolean> {
    await this.pubSub.publish('orderPaid', { orderPaid: { __typename: 'Order', id } });
    return true;
  }

  @Subscription()
  orderPaid() {
    return this.pubSub.asyncIterableIterator('orderPaid');
  }
}

@Controller()
class PageController {
  @Get()
  @Header('content-type', 'text/html')
  page(): string {
    return PAGE;
  }
}

const createPubSub = () =>
  new RedisPubSub({
    connection: process.env.REDIS_URL,
    overflow: 'drop-oldest',
    onGap: ({ dropped }) => ({ orderPaid: { __typename: 'Missed', count: dropped } }),
  });

@Module({
  imports: [GraphQLModule.forRoot<YogaDriverConfig>({ driver: YogaDriver, typeDefs, logging: false })],
  controllers: [PageController],
  providers: [OrderResolver, { provide: RedisPubSub, useFactory: createPubSub }],
})
class AppModule implements OnModuleDestroy {
  constructor(@Inject(RedisPubSub) private readonly pubSub: RedisPubSub) {}

  /** Ends the subscriptions of all clients, before the server waits for their connections to close. */
  onModuleDestroy(): Promise<void> {
    return this.pubSub.close();
  }
}

const app = await NestFactory.create(AppModule, { logger: false, forceCloseConnections: true });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
console.log(await app.getUrl());
