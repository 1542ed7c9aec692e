import { createClient } from 'redis';
import { RedisPubSub, type RedisPubSubOptions } from '../../lib/graphql/index.js';
import { sharedRedis } from '../support/shared-redis.js';
import { until } from '../support/until.js';

/** One Redis for the tests of a `describe` block, with PubSubs and clients, which are closed after each test. */
export class PubSubFixture {
  readonly redis = sharedRedis();
  readonly #closing: (() => unknown)[] = [];

  constructor() {
    afterEach(async () => {
      for (const close of this.#closing.splice(0).reverse()) await close();
    });
  }

  /** Registers a function to call after the test; the last one is called first. */
  closeLater(close: () => unknown): void {
    this.#closing.push(close);
  }

  async client() {
    const client = await createClient({ url: this.redis.url }).connect();
    this.closeLater(() => client.isOpen && client.destroy());
    return client;
  }

  /** Returns a PubSub on two borrowed clients. */
  async pubSub(options: RedisPubSubOptions = {}) {
    const [subscriber, publisher] = await Promise.all([this.client(), this.client()]);
    const pubSub = new RedisPubSub({ subscriber, publisher, ...options });
    this.closeLater(() => pubSub.close());
    /** The number of connections that have subscribed a channel. */
    const subscribers = async (channel: string) => (await publisher.pubSubNumSub(channel))[channel];
    const untilSubscribed = (channel: string, count = 1) =>
      until(async () => (await subscribers(channel)) === count, { message: `${count} × ${channel}` });
    return { pubSub, subscriber, publisher, subscribers, untilSubscribed };
  }
}

/** Takes so many payloads. */
export async function take<T>(iterator: AsyncIterator<T>, count: number): Promise<T[]> {
  const payloads: T[] = [];
  while (payloads.length < count) payloads.push(((await iterator.next()) as IteratorYieldResult<T>).value);
  return payloads;
}
