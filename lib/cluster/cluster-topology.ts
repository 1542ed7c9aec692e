import { asyncScheduler, firstValueFrom, timer } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import { askNodes, isHealthy, keyOf, type ClusterMap } from './cluster-map.js';
import { ClusterNodes, type ClusterClient } from './cluster-nodes.js';
import { keySlot } from '../hub/key-slot.js';
import { removeListeners } from '../hub/shared-emitter.js';
import { isNodeLocal } from './node-local.js';
import type { NodeAddress, NodeClient } from './node-client.js';
import type { Loss, Topology, TopologyObserver } from './topology.js';

/** The key of the node link for channels and patterns, whose messages reach every node. */
const BROADCAST = 'broadcast';
/** The key of the node link for sharded channels of a slot without an owner. */
const NOWHERE = 'nowhere';
/** Milliseconds for which the broadcast node may be out of the cluster: a master rejoins after up to 5 seconds. */
const MOST_LOST = 10_000;
/** The number of answers older than the map, in a row, that replace it all the same: the cluster was created anew. */
const MOST_OUTDATED = 10;
/** Milliseconds in which messages delivered by one node reach the others: without this pause they would arrive again. */
const SETTLING_TIME = 50;

/**
 * The topology of a cluster. Channels and patterns share a node link to any one node, because a message goes to all nodes.
 * Sharded channels have a node link to the master of their slot. The client updates its own map only when a command of its
 * user is redirected, so this class asks the nodes itself.
 */
export class ClusterTopology implements Topology {
  /** A change reaches the other nodes by gossip, at once. */
  readonly stalenessMs = 1_000;

  readonly #client: ClusterClient;
  readonly #known: ClusterNodes;
  #map: ClusterMap | undefined;
  #onDisconnect: (() => void) | undefined;
  /** The node to which the broadcast node link leads. */
  #broadcaster: string | undefined;
  /** Set while the broadcast node link tries the same node once more. */
  #isReturning = false;
  /** The nodes to which the broadcast node link could not connect, the latest one last. */
  #avoided: readonly string[] = [];
  /** Set while the broadcast node is in the map. */
  #isMember = true;
  /**
   * Epoch milliseconds: when the broadcast node left the map or lost contact with the others. In a failover every node does,
   * for a moment.
   */
  #lostSince: number | undefined;
  #confirmedAt = 0;
  /** The number of answers in a row that were older than the map. */
  #outdated = 0;

  constructor(client: ClusterClient) {
    this.#client = client;
    this.#known = new ClusterNodes(client);
  }

  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  unconfirmedSince(): number {
    return Infinity;
  }

  nodeFor(kind: SubscriptionKind, name: string): string {
    if (kind !== 'shard') return BROADCAST;
    const owner = this.#ownerOf(keySlot(name));
    return owner ? keyOf(owner) : NOWHERE;
  }

  mastersFor(kind: SubscriptionKind, name: string): readonly string[] | undefined {
    if (!isNodeLocal(kind, name)) return undefined;
    return (this.#map?.masters ?? this.#client.masters).map(keyOf);
  }

  open(nodeLink: string): NodeClient | undefined {
    if (nodeLink === BROADCAST) {
      this.#isMember = true;
      this.#lostSince = undefined;
      if (!this.#isReturning) this.#broadcaster = this.#chooseBroadcaster();
    }
    const key = nodeLink === BROADCAST ? this.#broadcaster : nodeLink;
    const address = key === undefined ? undefined : parseKey(key);
    const client = address && this.#known.open(address);
    // The cluster client may have forgotten the node to which the link returns.
    if (!client) this.#isReturning = false;
    return client;
  }

  pointsToWrongNode(nodeLink: string): boolean {
    if (nodeLink !== BROADCAST) return false;
    return this.#lostSince !== undefined && asyncScheduler.now() - this.#lostSince > MOST_LOST;
  }

  onLost(nodeLink: string, how: Loss): void {
    const { length } = this.#nodes();
    if (nodeLink !== BROADCAST || this.#broadcaster === undefined) return;
    // Another node might deliver again messages that this node has already delivered.
    this.#isReturning = how === 'closed';
    if (this.#isReturning) return;
    const others = this.#avoided.filter((key) => key !== this.#broadcaster);
    this.#avoided = [...others, this.#broadcaster].slice(-Math.max(length - 1, 0));
  }

  async refresh(): Promise<boolean> {
    const askedAt = asyncScheduler.now();
    const map = await askNodes(await this.#known.readyClients());
    if (!map) return false;
    const last = this.#map;
    if (last && map.epoch < last.epoch && ++this.#outdated < MOST_OUTDATED) return false;
    this.#outdated = 0;
    this.#isMember = map.nodes.some((node) => keyOf(node) === this.#broadcaster);
    this.#map = map;
    if (map.fingerprint === last?.fingerprint) {
      this.#confirmedAt = askedAt;
      return false;
    }
    const isFailOver = map.masters.some((node) => this.#isReplica(node, last));
    if (isFailOver) await firstValueFrom(timer(SETTLING_TIME, asyncScheduler));
    return true;
  }

  learn(error: Error): boolean {
    const [, slot, host, port] = /^MOVED (\d+) (.*):(\d+)$/.exec(error.message) ?? [];
    if (slot === undefined || !host || port === undefined) return false;
    const owner = { host, port: Number(port) };
    const known = this.#ownerOf(Number(slot));
    if (!this.#map || (known && keyOf(known) === keyOf(owner)) || this.#isReplica(owner, this.#map))
      return false;
    const slots = [...this.#map.slots];
    slots[Number(slot)] = owner;
    this.#map = { ...this.#map, slots, fingerprint: undefined };
    return true;
  }

  async isSound(nodeLink: string, client: NodeClient): Promise<boolean> {
    if (nodeLink !== BROADCAST) return true;
    const healthy = await client.sendCommand(['CLUSTER', 'INFO']).then(isHealthy, (error: unknown) => {
      if (client.isReady === false) throw error;
      return true;
    });
    // If the cluster has failed as a whole, no other node is better.
    const isLost = !this.#isMember || (!healthy && this.#map?.isHealthy === true);
    this.#lostSince = isLost ? (this.#lostSince ?? asyncScheduler.now()) : undefined;
    return healthy && !isLost;
  }

  settlingTime(nodeLink: string): number {
    return nodeLink === BROADCAST && !this.#isReturning ? SETTLING_TIME : 0;
  }

  watch(observer: TopologyObserver): void {
    this.#confirmedAt = asyncScheduler.now();
    this.#onDisconnect = () => {
      if (!this.#client.isOpen) observer.onEnded();
    };
    this.#client.on('disconnect', this.#onDisconnect);
  }

  unwatch(): void {
    if (this.#onDisconnect) removeListeners(this.#client, { disconnect: this.#onDisconnect });
    this.#onDisconnect = undefined;
  }

  #ownerOf(slot: number): NodeAddress | undefined {
    return this.#map ? this.#map.slots[slot] : this.#client.slots[slot]?.master;
  }

  #isReplica(node: NodeAddress, map: ClusterMap | undefined): boolean {
    const isIn = (list: readonly NodeAddress[]) => list.some((other) => keyOf(other) === keyOf(node));
    return map !== undefined && isIn(map.nodes) && !isIn(map.masters);
  }

  #nodes(): readonly NodeAddress[] {
    return this.#map?.nodes ?? this.#known.all();
  }

  /** Chooses any node, but not one that has just failed, and preferably one that the client is connected to. */
  #chooseBroadcaster(): string | undefined {
    const connected = new Set(this.#known.connected().map(keyOf));
    const keys = this.#nodes()
      .filter((node) => this.#known.canReach(node))
      .map(keyOf);
    const best = (candidates: readonly string[]) => candidates[Math.floor(Math.random() * candidates.length)];
    const untried = keys.filter((key) => !this.#avoided.includes(key));
    return best(untried.filter((key) => connected.has(key))) ?? best(untried) ?? best(keys);
  }
}

function parseKey(key: string): NodeAddress | undefined {
  const colon = key.lastIndexOf(':');
  return colon < 0 ? undefined : { host: key.slice(0, colon), port: Number(key.slice(colon + 1)) };
}
