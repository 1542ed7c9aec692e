import { EventEmitter } from 'node:events';
import type { ClusterClient, ClusterNode } from '../../../lib/cluster/cluster-nodes.js';
import { ClusterTopology } from '../../../lib/cluster/cluster-topology.js';
import type { NodeClient } from '../../../lib/cluster/node-client.js';

const HOST = '10.0.0.1';
const BROADCAST = 'broadcast';

/**
 * Returns the topology of a client with a `nodeAddressMap`; of three masters and their replicas, the client knows the
 * masters.
 */
async function scene() {
  const ranges = [0, 1, 2].map((index) => [
    index * 5_000,
    index * 5_000 + 4_999,
    [HOST, 1 + index, `m${index}`],
    [HOST, 11 + index, `r${index}`],
  ]);
  const answers = { SLOTS: ranges, NODES: '', INFO: 'cluster_state:ok' };
  const clientAt = (port: number) => {
    const client = {
      isOpen: true,
      isReady: true,
      options: { socket: { host: 'mapped', port } },
      sendCommand: ([, what]: string[]) => Promise.resolve(answers[what as keyof typeof answers]),
      duplicate: () => client,
    };
    return client as unknown as NodeClient;
  };
  const masters: ClusterNode[] = [1, 2, 3].map((port) => ({ host: HOST, port, client: clientAt(port) }));
  const connected: number[] = [];
  const client = Object.assign(new EventEmitter(), {
    isOpen: true,
    masters,
    replicas: [],
    slots: [],
    nodeClient: ({ port }: ClusterNode) => {
      connected.push(port);
      return Promise.resolve(clientAt(port));
    },
  });
  const topology = new ClusterTopology(client as unknown as ClusterClient);
  await topology.refresh();
  return { masters, topology, connected };
}

describe('the topology of a cluster under a nodeAddressMap', () => {
  it('leads the broadcast link to a reachable node, even if each node has failed once', async () => {
    const { topology } = await scene();
    for (let tries = 0; tries < 20; tries++) {
      expect(topology.open(BROADCAST)).toBeDefined();
      topology.onLost(BROADCAST, 'failed');
    }
  });

  it('leads the broadcast link to another node if the client has lost its node', async () => {
    const { masters, topology } = await scene();
    const first = topology.open(BROADCAST);
    topology.onLost(BROADCAST, 'closed');
    const port = (first?.options?.socket as { port: number }).port;
    masters.splice(port - 1, 1);
    topology.open(BROADCAST);
    const next = topology.open(BROADCAST);
    expect(next).toBeDefined();
    expect(next?.options?.socket).not.toMatchObject({ port });
  });

  it('makes the client connect to a new master that a link needs', async () => {
    const { masters, topology, connected } = await scene();
    masters[1] = { host: HOST, port: 2 };
    expect(topology.open(`${HOST}:2`)).toBeUndefined();
    expect(connected).toEqual([2]);
  });
});
