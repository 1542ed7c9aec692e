import type { PubSubClient } from '../hub/client.js';
import { ASKED, keyOf, mostOf, sample } from './cluster-map.js';
import { singleUse, type NodeAddress, type NodeClient } from './node-client.js';

/** A node as the cluster client knows it. It has a `client` once one was needed. */
export interface ClusterNode extends NodeAddress {
  readonly client?: NodeClient | undefined;
}

/** The parts of a `createCluster` client that this package needs. */
export interface ClusterClient extends PubSubClient {
  readonly masters: readonly ClusterNode[];
  readonly replicas: readonly ClusterNode[];
  readonly slots: readonly ({ readonly master: NodeAddress } | undefined)[];
  nodeClient(node: ClusterNode): Promise<NodeClient>;
}

export function isClusterClient(client: PubSubClient): client is ClusterClient {
  const { masters, replicas, nodeClient } = client as Partial<ClusterClient>;
  return Array.isArray(masters) && Array.isArray(replicas) && typeof nodeClient === 'function';
}

/** The way to a node: the options of a client, and the address of the node, unless the client leads there already. */
interface Way {
  readonly template: NodeClient;
  readonly address: NodeAddress | undefined;
}

/** The nodes that a cluster client knows, and its clients for them. */
export class ClusterNodes {
  readonly #client: ClusterClient;

  constructor(client: ClusterClient) {
    this.#client = client;
  }

  all(): readonly ClusterNode[] {
    return [...this.#client.masters, ...this.#client.replicas];
  }

  /** Returns the nodes that the client is connected to. */
  connected(): readonly ClusterNode[] {
    return this.all().filter(({ client }) => client?.isReady === true);
  }

  canReach(address: NodeAddress): boolean {
    return this.#wayTo(address) !== undefined;
  }

  /** Returns a new client of a node; undefined if the cluster client has yet to discover the node. */
  open(address: NodeAddress): NodeClient | undefined {
    const way = this.#wayTo(address);
    if (!way) this.#discover(address);
    return way && singleUse(way.template, way.address);
  }

  /** Returns connected clients of several nodes; connects some if there are too few. */
  async readyClients(): Promise<readonly NodeClient[]> {
    const ready = this.connected().flatMap(({ client }) => client ?? []);
    if (ready.length >= ASKED) return ready;
    // The client may connect to a node only when needed, and may not have needed enough of them yet.
    const rest = sample(
      this.all().filter(({ client }) => !client),
      ASKED - ready.length,
    );
    const connecting = rest.map((node) => this.#client.nodeClient(node));
    for (const connection of connecting) connection.catch(() => undefined);
    return ready.length > 0 ? ready : mostOf(connecting);
  }

  /** Copies the node's own client, which has the user's settings; for a new node, the client of another node. */
  #wayTo(address: NodeAddress): Way | undefined {
    const known = this.all();
    const own = known.find((node) => node.client && isSame(node, address))?.client;
    if (own) return { template: own, address: undefined };
    const template = known.find((node) => node.client);
    if (!template?.client) return undefined;
    // With a `nodeAddressMap` only the client knows the address, once it has discovered the node.
    const { socket } = template.client.options ?? {};
    return isSame(template, (socket ?? {}) as NodeAddress)
      ? { template: template.client, address }
      : undefined;
  }

  /** Has the client connect to a node that it knows: then it knows the address behind a `nodeAddressMap`, too. */
  #discover(address: NodeAddress): void {
    const node = this.all().find((other) => isSame(other, address));
    if (node) this.#client.nodeClient(node).catch(() => undefined);
  }
}

function isSame(one: NodeAddress, other: NodeAddress): boolean {
  return keyOf(one) === keyOf(other);
}
