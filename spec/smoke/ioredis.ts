import { Redis } from 'ioredis';
import { Receiver } from 'rx-redis-receiver';
import { fromIoredis } from 'rx-redis-receiver/ioredis';

export const receiver = new Receiver(fromIoredis(new Redis({ lazyConnect: true })));

// @ts-expect-error: a client of ioredis is no client of a Receiver
export const unadapted = new Receiver(new Redis({ lazyConnect: true }));
