import * as redis6 from 'redis';
import * as redis5 from 'redis-5';
import type { PubSubClient, Publisher } from '../../lib/index.js';
import type { LogTestClient } from './log-test-client.js';

/**
 * The members of a cluster's or Sentinel set's client that the tests need; the compiler takes minutes for the types of
 * node-redis.
 */
export interface DistributedClient extends PubSubClient, Required<Publisher> {
  duplicate(): LogTestClient;
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): unknown;
  eventNames(): (string | symbol)[];
  listenerCount(event: string | symbol): number;
}

export type Create = (options: object) => DistributedClient;

export const createCluster = redis6.createCluster as unknown as Create;
export const createSentinel = redis6.createSentinel as unknown as Create;
export const createCluster5 = redis5.createCluster as unknown as Create;
export const createSentinel5 = redis5.createSentinel as unknown as Create;

/** Returns the number of listeners of a client, by event. */
export function listenersOf(client: DistributedClient): string {
  return client
    .eventNames()
    .map((event) => `${String(event)}: ${client.listenerCount(event)}`)
    .join();
}
