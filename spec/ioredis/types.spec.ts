import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis6';
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey';
import { Receiver } from '../../lib/index.js';
import { fromIoredis, type IoredisClient, type IoredisCluster } from '../../lib/ioredis/index.js';

const CLIENTS = {
  'ioredis 5': () => new Redis5({ lazyConnect: true }) satisfies IoredisClient,
  'ioredis 6': () => new Redis6({ lazyConnect: true }) satisfies IoredisClient,
  iovalkey: () => new Valkey({ lazyConnect: true }) satisfies IoredisClient,
  'a cluster of ioredis 5': () => new Cluster5([], { lazyConnect: true }) satisfies IoredisCluster,
  'a cluster of ioredis 6': () => new Cluster6([], { lazyConnect: true }) satisfies IoredisCluster,
  'a cluster of iovalkey': () => new ValkeyCluster([], { lazyConnect: true }) satisfies IoredisCluster,
};

it.each(Object.entries(CLIENTS))('adapts the type of %s', (_name, create) => {
  const redis = create();
  const receiver: Receiver = new Receiver(fromIoredis(redis));
  expect(receiver.channel('a').name).toBe('a');
  expect(redis.status).toBe('wait');
});
