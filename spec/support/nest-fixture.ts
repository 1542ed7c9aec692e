import type { Provider, Type } from '@nestjs/common';
import {
  ClientProxyFactory,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { createClient } from 'redis';
import { lastValueFrom, toArray } from 'rxjs';
import { ReceiverStrategy, type ReceiverStrategyOptions } from 'rx-redis-receiver/nestjs';
import { NestLog } from './nest-log.js';
import { RedisServer } from './redis-server.js';

/**
 * One Redis for the tests of a `describe` block, with servers and clients of Nest, which are closed after each test.
 */
export class NestFixture {
  log = new NestLog();
  redis!: RedisServer;
  readonly #closing: (() => unknown)[] = [];

  constructor() {
    beforeAll(async () => {
      this.redis = await RedisServer.start();
    });
    beforeEach(() => {
      this.log = new NestLog();
    });
    afterEach(async () => {
      for (const close of this.#closing.splice(0).reverse()) await close();
    });
    afterAll(() => this.redis.stop());
  }

  /** Registers a function to call after the test; the last one is called first. */
  closeLater(close: () => unknown): void {
    this.#closing.push(close);
  }

  /** Starts a server of this package with these handlers. */
  async serve(
    controller: Type,
    options: ReceiverStrategyOptions = {},
    providers: Provider[] = [],
    prepare: (strategy: ReceiverStrategy) => void = () => undefined,
  ) {
    const connection = 'client' in options || 'redis' in options ? {} : { redis: this.redis.url };
    const strategy = new ReceiverStrategy({ ...connection, ...options });
    prepare(strategy);
    return { app: await this.listen(controller, { strategy }, providers), strategy };
  }

  /** Starts a server of Nest itself with these handlers. */
  serveWithNest(controller: Type, providers: Provider[] = [], options: { wildcards?: boolean } = {}) {
    const { port } = this.redis;
    const transport = {
      transport: Transport.REDIS as const,
      options: { host: '127.0.0.1', port, ...options },
    };
    return this.listen(controller, transport, providers);
  }

  async listen(controller: Type, options: MicroserviceOptions, providers: Provider[]) {
    const module = await Test.createTestingModule({ controllers: [controller], providers })
      .setLogger(this.log)
      .compile();
    const app = module.createNestMicroservice<MicroserviceOptions>(options);
    this.closeLater(() => app.close());
    await app.listen();
    return app;
  }

  /** Returns a client of Nest itself. */
  async proxy(): Promise<ClientProxy> {
    const client = ClientProxyFactory.create({
      transport: Transport.REDIS,
      options: { host: '127.0.0.1', port: this.redis.port },
    });
    this.closeLater(() => client.close());
    await client.connect();
    return client;
  }

  /** Returns a client of node-redis. */
  bare() {
    const client = createClient({ url: this.redis.url });
    this.closeLater(() => client.destroy());
    return client.connect();
  }
}

/** Resolves with all replies to a request. */
export function ask(client: ClientProxy, pattern: unknown, data: unknown): Promise<unknown[]> {
  return lastValueFrom(client.send<unknown>(pattern, data).pipe(toArray()));
}

export function emit(client: ClientProxy, pattern: unknown, data: unknown): Promise<unknown> {
  return lastValueFrom(client.emit(pattern, data), { defaultValue: undefined });
}
