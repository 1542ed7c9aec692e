import type { PubSubClient } from '../hub/client.js';
import { isClusterClient } from './cluster-nodes.js';
import { ClusterTopology } from './cluster-topology.js';
import { DistributedHub } from './distributed-hub.js';
import { Hub } from '../hub/hub.js';
import type { PubSubHub } from '../hub/pub-sub-hub.js';
import { isSentinelClient, SentinelTopology } from './sentinel-topology.js';
import { originOf } from '../hub/shared-emitter.js';

/** Returns the only hub of a client, even if this package is loaded both as an ES module and as CommonJS. */
export function hubOf(client: PubSubClient): PubSubHub {
  const shared = globalThis as { [HUBS]?: WeakMap<PubSubClient, PubSubHub> | undefined };
  const hubs = (shared[HUBS] ??= new WeakMap<PubSubClient, PubSubHub>());
  const origin = originOf(client);
  let hub = hubs.get(origin);
  if (!hub) hubs.set(origin, (hub = createHub(origin)));
  return hub;
}

function createHub(client: PubSubClient): PubSubHub {
  if (isClusterClient(client)) return new DistributedHub(client, new ClusterTopology(client));
  if (isSentinelClient(client)) return new DistributedHub(client, new SentinelTopology(client));
  return new Hub(client);
}

/** The key that copies of this package in one process have in common: change the number with the shape of PubSubHub. */
const HUBS = Symbol.for('rx-redis-receiver.hubs.5');
