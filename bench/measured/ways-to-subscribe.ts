import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { Receiver } from 'rx-redis-receiver';
import { merge, Observable } from 'rxjs';
import { openClient } from './client.js';

/** Subscription of many channels on an open connection. */
export interface Subscribing {
  /** Subscribes all channels. Resolves when Redis has acknowledged them. */
  subscribe(): Promise<unknown>;
  /** Releases all channels. Resolves when Redis has acknowledged that none is subscribed any more. */
  release(): Promise<unknown>;
}

/** Function that opens the connection; `name` is the name of the connection in Redis. */
export type WayToSubscribe = (url: string, names: readonly string[], name: string) => Promise<Subscribing>;

export const WAYS_TO_SUBSCRIBE: Readonly<Record<string, WayToSubscribe>> = {
  async calls(url, names, name) {
    const client = await openClient(url, name);
    return {
      subscribe: () => Promise.all(names.map((name) => client.subscribe(name, ignore))),
      release: () => Promise.all(names.map((name) => client.unsubscribe(name, ignore))),
    };
  },

  async variadic(url, names, name) {
    const client = await openClient(url, name);
    return {
      subscribe: () => client.subscribe([...names], ignore),
      release: () => client.unsubscribe([...names], ignore),
    };
  },

  async merge(url, names, name) {
    const client = await openClient(url, name);
    const acknowledged: Promise<void>[] = [];
    const observe = (name: string) =>
      new Observable<string>((subscriber) => {
        const listener = (data: string) => subscriber.next(data);
        acknowledged.push(client.subscribe(name, listener));
        return () => acknowledged.push(client.unsubscribe(name, listener));
      });
    const merged = merge(...names.map(observe));
    let release!: () => void;
    return {
      subscribe() {
        const subscription = merged.subscribe(ignore);
        release = () => subscription.unsubscribe();
        return Promise.all(acknowledged.splice(0));
      },
      release() {
        release();
        return Promise.all(acknowledged);
      },
    };
  },

  async ioredis5(url, names, name) {
    const redis = new Redis(url, { lazyConnect: true, connectionName: name });
    await redis.connect();
    return { subscribe: () => redis.subscribe(...names), release: () => redis.unsubscribe(...names) };
  },

  async ioredis6(url, names, name) {
    const redis = new Redis6(url, { lazyConnect: true, connectionName: name });
    await redis.connect();
    return { subscribe: () => redis.subscribe(...names), release: () => redis.unsubscribe(...names) };
  },

  async graphql(url, names, name) {
    const subscriber = new Redis(url, { lazyConnect: true, connectionName: name });
    const publisher = new Redis(url, { lazyConnect: true });
    await Promise.all([subscriber.connect(), publisher.connect()]);
    const pubSub = new RedisPubSub({ subscriber, publisher });
    let ids: number[] = [];
    return {
      async subscribe() {
        ids = await Promise.all(names.map((name) => pubSub.subscribe(name, ignore)));
      },
      async release() {
        for (const id of ids) pubSub.unsubscribe(id);
        // `unsubscribe` does not report its end; the reply to PING does, because the connection answers in order.
        await subscriber.ping();
      },
    };
  },

  async connect(url, names, name) {
    const receiver = new Receiver(await openClient(url, name));
    for (const name of names) receiver.channel(name);
    return { subscribe: () => receiver.connect(), release: () => receiver.stop() };
  },

  async registerAndConnect(url, names, name) {
    const receiver = new Receiver(await openClient(url, name));
    return {
      subscribe() {
        for (const name of names) receiver.channel(name);
        return receiver.connect();
      },
      release: () => receiver.stop(),
    };
  },

  async observe(url, names, name) {
    const receiver = new Receiver(await openClient(url, name));
    const channels = names.map((name) => receiver.channel(name));
    return {
      subscribe() {
        for (const channel of channels) channel.subscribe(ignore);
        return Promise.all(channels.map((channel) => channel.whenSubscribed()));
      },
      release: () => receiver.stop(),
    };
  },
};

function ignore(): void {}
