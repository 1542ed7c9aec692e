import { Redis } from 'ioredis';
import { Receiver } from 'rx-redis-receiver';
import { fromIoredis } from 'rx-redis-receiver/ioredis';
import useIoredis from './use-ioredis.cjs';

await useIoredis({ Redis, Receiver, fromIoredis });
