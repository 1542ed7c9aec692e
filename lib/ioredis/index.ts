/**
 * ioredis and iovalkey as clients of a Receiver.
 *
 * @module rx-redis-receiver/ioredis
 */

export { fromIoredis } from './from-ioredis.js';
export type { AdaptedIoredis } from './adapted-client.js';
export type { NodeAddress } from '../cluster/node-client.js';
export type { IoredisCluster } from './ioredis-cluster.js';
export type { IoredisArgument, IoredisClient } from './ioredis-client.js';
