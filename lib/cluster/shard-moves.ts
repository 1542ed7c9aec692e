import type { NodeLink } from './node-link.js';
import type { Topology } from './topology.js';

/** The number of requests for a slot's new owner before its channels are subscribed at the old one again. */
const MOST_QUESTIONS = 10;

interface Move {
  readonly name: string;
  readonly from: NodeLink;
  readonly to: NodeLink;
}

/** The parts of the distributed hub that the moves of sharded channels need. */
export interface ShardMovesHost {
  nodeLink(key: string): NodeLink;
  batch(work: () => void): void;
  /** Called when a node link has lost a channel, or has not got one after all. */
  onMaybeEmpty(nodeLink: NodeLink): void;
}

/** The sharded channels of a cluster, which follow their slots from node to node. */
export class ShardMoves {
  readonly #topology: Topology;
  readonly #routes: Map<string, NodeLink>;
  readonly #host: ShardMovesHost;
  /** The channels that Redis has dropped at these node links. */
  readonly #dropped = new Map<string, NodeLink>();
  #questions = 0;

  constructor(topology: Topology, routes: Map<string, NodeLink>, host: ShardMovesHost) {
    this.#topology = topology;
    this.#routes = routes;
    this.#host = host;
  }

  /** Returns whether no dropped channel waits for the new owner of its slot. */
  get isDone(): boolean {
    return this.#dropped.size === 0;
  }

  /** Notes that Redis has dropped a channel; returns false if its node link no longer carries the channel. */
  drop(name: string, nodeLink: NodeLink): boolean {
    if (this.#routes.get(name) !== nodeLink) return false;
    this.#dropped.set(name, nodeLink);
    this.#questions = 0;
    return true;
  }

  forget(name: string): void {
    this.#dropped.delete(name);
  }

  clear(): void {
    this.#dropped.clear();
  }

  /** Moves every channel to the node that owns its slot. */
  realign(): void {
    const moves: Move[] = [];
    for (const [name, from] of this.#routes) {
      const key = this.#topology.nodeFor('shard', name);
      if (key !== from.key) moves.push({ name, from, to: this.#host.nodeLink(key) });
    }
    this.#move(moves);
  }

  /** Resubscribes dropped channels at the old node if no new owner is known: Redis accepts the command, or redirects it. */
  resubscribe(): void {
    for (const [name, nodeLink] of this.#dropped)
      if (this.#routes.get(name) !== nodeLink) this.#dropped.delete(name);
    if (this.#dropped.size === 0 || ++this.#questions < MOST_QUESTIONS) return;
    const moves = [...this.#dropped].map(([name, nodeLink]) => ({ name, from: nodeLink, to: nodeLink }));
    this.#dropped.clear();
    this.#move(moves);
  }

  #move(moves: readonly Move[]): void {
    // A server that has lost contact with the others keeps saying that all is in order.
    const lastConfirmed = this.#topology.confirmedAt - this.#topology.stalenessMs;
    this.#host.batch(() => {
      for (const { name, from, to } of moves) {
        if (this.#routes.get(name) !== from) continue;
        this.#routes.set(name, to);
        const { isOnline, unconfirmedSince } = from;
        const eviction = from.hub.evict('shard', name);
        if (!eviction) continue;
        const since = isOnline ? Math.min(eviction.since, unconfirmedSince, lastConfirmed) : eviction.since;
        to.hub.adopt('shard', name, { ...eviction, since });
        if (eviction.listeners.length === 0) this.#routes.delete(name);
      }
    });
    for (const { from, to } of moves)
      for (const nodeLink of new Set([from, to])) this.#host.onMaybeEmpty(nodeLink);
  }
}
