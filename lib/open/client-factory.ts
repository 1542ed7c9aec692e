import type { PubSubClient } from '../hub/client.js';
import type { Publisher } from '../publisher.js';
import type { OpenTarget } from './open-options.js';

/** A client that belongs to this package alone. */
export type OwnedClient = PubSubClient &
  Publisher & { connect(): Promise<unknown>; close(): Promise<unknown>; destroy(): unknown };

/** Loads node-redis; resolves to a function that creates a client, not yet connected, at each call. */
export async function loadFactory(target: OpenTarget): Promise<() => OwnedClient> {
  const redis = await import('redis');
  switch (target.kind) {
    case 'server':
      return () => redis.createClient(target.options);
    case 'cluster':
      return () => redis.createCluster(target.options);
    case 'sentinel':
      return () => redis.createSentinel(target.options);
  }
}
