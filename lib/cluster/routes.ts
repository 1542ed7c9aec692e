import { asyncScheduler } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import { FanOut, type FanOutHost, type Route } from './fan-out.js';
import type { NodeLink } from './node-link.js';
import type { Topology } from './topology.js';

/** The parts of the distributed hub that its routes need. */
export interface RoutesHost extends Omit<FanOutHost, 'onDeserted'> {
  batch(work: () => void): void;
  /** Called when a name is on all masters, which the client's map may not show. */
  onSpread(): void;
}

/** The place of each name that is subscribed. */
export class Routes {
  readonly shard = new Map<string, NodeLink>();
  readonly #channel = new Map<string, Route>();
  readonly #pattern = new Map<string, Route>();
  readonly #topology: Topology;
  readonly #host: RoutesHost;

  constructor(topology: Topology, host: RoutesHost) {
    this.#topology = topology;
    this.#host = host;
  }

  get(kind: SubscriptionKind, name: string): Route | undefined {
    return this.#of(kind).get(name);
  }

  /** Returns the place of a name, as the topology has it if the name is new. */
  open(kind: SubscriptionKind, name: string): Route {
    return this.get(kind, name) ?? this.#create(kind, name);
  }

  /** Notes that a node link has no subscription of this name any more. */
  remove(kind: SubscriptionKind, name: string, route: Route): void {
    if (this.get(kind, name) === route) this.#of(kind).delete(name);
  }

  clear(): void {
    for (const routes of [this.#channel, this.#pattern, this.shard]) routes.clear();
  }

  /** Moves the names that are on all masters to the present ones. */
  realign(): void {
    const { confirmedAt, stalenessMs } = this.#topology;
    const confirmation = { confirmedAt, stalenessMs, now: asyncScheduler.now() };
    for (const route of [...this.#channel.values(), ...this.#pattern.values()]) {
      if (!(route instanceof FanOut)) continue;
      const masters = this.#topology.mastersFor?.(route.kind, route.name) ?? [];
      this.#host.batch(() => route.realign(masters, confirmation));
    }
  }

  #create(kind: SubscriptionKind, name: string): Route {
    const host = this.#host;
    const masters = this.#topology.mastersFor?.(kind, name);
    if (masters && kind !== 'shard') {
      const fanOut = new FanOut(kind, name, masters, {
        nodeLink: (key) => host.nodeLink(key),
        onMaybeEmpty: (nodeLink) => host.onMaybeEmpty(nodeLink),
        onReconnected: (since, until, affected) => host.onReconnected(since, until, affected),
        onDeserted: () => this.remove(kind, name, fanOut),
      });
      this.#of(kind).set(name, fanOut);
      host.onSpread();
      return fanOut;
    }
    const nodeLink = host.nodeLink(this.#topology.nodeFor(kind, name));
    if (kind === 'shard') this.shard.set(name, nodeLink);
    else this.#of(kind).set(name, nodeLink);
    return nodeLink;
  }

  #of(kind: SubscriptionKind): Map<string, Route> {
    if (kind === 'shard') return this.shard;
    return kind === 'channel' ? this.#channel : this.#pattern;
  }
}
