import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { Receiver } from 'rx-redis-receiver';
import { fromIoredis } from 'rx-redis-receiver/ioredis';
import type { WayToListen } from './way-to-listen.js';

export const ioredis5 = listenWith((url) => new Redis(url));
export const ioredis6 = listenWith((url) => new Redis6(url));

export const observedOnIoredis5 = observeWith((url) => new Redis(url));
export const observedOnIoredis6 = observeWith((url) => new Redis6(url));

/** An observed Receiver on a client of ioredis. */
function observeWith(connect: (url: string) => Redis | Redis6): WayToListen {
  return async ({ url, prefix, byPattern }, names, onMessage) => {
    const receiver = new Receiver(fromIoredis(connect(url)));
    if (byPattern) receiver.pattern(`${prefix}*`);
    else for (const name of names) receiver.channel(name);
    receiver.subscribe(({ channel, data }) => onMessage(channel, data));
    await receiver.connect();
  };
}

function listenWith(connect: (url: string) => Redis | Redis6): WayToListen {
  return async ({ url, prefix, byPattern }, names, onMessage) => {
    const redis = connect(url) as Redis;
    if (byPattern) {
      redis.on('pmessage', (_pattern, channel, data) => onMessage(channel, data));
      await redis.psubscribe(`${prefix}*`);
    } else {
      redis.on('message', onMessage);
      await redis.subscribe(...names);
    }
  };
}

/**
 * Way of graphql-redis-subscriptions, which uses ioredis. Its callbacks do not receive the channel, so each channel has a
 * callback of its own.
 */
export const graphqlRedisSubscriptions: WayToListen = async (
  { url, prefix, byPattern },
  names,
  onMessage,
) => {
  const pubSub = new RedisPubSub({ connection: url });
  if (byPattern) {
    await pubSub.subscribe(`${prefix}*`, (data: string) => onMessage(undefined, data), { pattern: true });
  } else {
    await Promise.all(names.map((name) => pubSub.subscribe(name, (data: string) => onMessage(name, data))));
  }
};
