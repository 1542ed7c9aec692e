import type { SubscriptionKind } from '../channel-kind.js';
import type { HubListener, Leave } from '../hub/hub-listener.js';
import type { PubSubHub } from '../hub/pub-sub-hub.js';
import type { ServerClient } from '../hub/client.js';
import { tell, transition } from '../outbox.js';
import { FanOutMember, type FanOutPart, type Spread } from './fan-out-member.js';
import type { NodeLink } from './node-link.js';
import type { Topology } from './topology.js';

/** The place of a name: one node link, or several. */
export interface Route {
  readonly hub: Pick<PubSubHub, 'attach' | 'detach' | 'updateFastPath' | 'deliverHeld' | 'verify'>;
  readonly servers: readonly ServerClient[];
}

/** The parts of the distributed hub that a fan-out needs. */
export interface FanOutHost {
  nodeLink(key: string): NodeLink;
  /** Called when no listener is left. */
  onDeserted(fanOut: FanOut): void;
  /** Called when a node link has lost the name. */
  onMaybeEmpty(nodeLink: NodeLink): void;
  /** Called when messages may be missing that no node link will announce. */
  onReconnected(since: number, until: number, affected: ReadonlySet<HubListener>): void;
}

/**
 * A name that is subscribed on every master of a cluster, because each master sends its own messages alone. A listener is
 * served while all masters serve it.
 */
export class FanOut implements Route, Spread {
  readonly kind: SubscriptionKind;
  readonly name: string;
  readonly #host: FanOutHost;
  readonly #members = new Map<HubListener, FanOutMember>();
  #keys: readonly string[];

  constructor(kind: SubscriptionKind, name: string, keys: readonly string[], host: FanOutHost) {
    this.kind = kind;
    this.name = name;
    this.#keys = keys;
    this.#host = host;
  }

  get hub(): Route['hub'] {
    return this;
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  get servers(): readonly ServerClient[] {
    return this.#links().flatMap(({ servers }) => servers);
  }

  attach(_kind: SubscriptionKind, _name: string, listener: HubListener): void {
    transition(() => {
      let member = this.#members.get(listener);
      if (!member) this.#members.set(listener, (member = new FanOutMember(listener, this)));
      member.join();
      for (const key of this.#keys) {
        const link = this.#host.nodeLink(key);
        link.hub.attach(this.kind, this.name, member.partOn(link));
      }
    });
  }

  detach(_kind: SubscriptionKind, _name: string, listener: HubListener, leave: Leave): void {
    const member = this.#members.get(listener);
    if (!member) return;
    transition(() => {
      member.isLeaving = true;
      const parts = [...member.parts.values()];
      for (const part of parts) part.link.hub.detach(this.kind, this.name, part, leave);
      if (parts.length === 0) tell(() => member.finishIfReleased());
    });
  }

  updateFastPath(): void {
    for (const { hub } of this.#links()) hub.updateFastPath(this.kind, this.name);
  }

  deliverHeld(): void {
    for (const { hub } of this.#links()) hub.deliverHeld(this.kind, this.name);
  }

  verify(): void {
    for (const { hub } of this.#links()) hub.verify(this.kind, this.name);
  }

  remove(member: FanOutMember): void {
    this.#members.delete(member.listener);
    if (this.#members.size === 0) this.#host.onDeserted(this);
  }

  /** Moves to the present masters; messages since `confirmedAt` may be missing if the map had not changed by then. */
  realign(keys: readonly string[], { confirmedAt, stalenessMs, now }: Confirmation): void {
    const gone = this.#keys.filter((key) => !keys.includes(key));
    const added = keys.filter((key) => !this.#keys.includes(key));
    if (gone.length + added.length === 0) return;
    this.#keys = keys;
    transition(() => {
      const affected = [...this.#members.values()].filter((member) => !member.isLeaving && member.wasServed);
      const lastConfirmed = confirmedAt - stalenessMs;
      const times = this.#links()
        .filter(({ key }) => gone.includes(key))
        .map((link) => this.#leave(link, lastConfirmed));
      const since = Math.min(...times, ...(added.length > gone.length ? [lastConfirmed] : []));
      for (const key of added) this.#join(this.#host.nodeLink(key), since);
      for (const member of this.#members.values()) tell(() => member.update());
      if (added.length > 0 || affected.length === 0 || since === Infinity) return;
      const listeners = new Set(affected.map(({ listener }) => listener));
      tell(() => this.#host.onReconnected(since, now, listeners));
    });
  }

  /** Gives up a node that is no master any more; returns the time since which messages may be missing. */
  #leave(link: NodeLink, lastConfirmed: number): number {
    const { isOnline, unconfirmedSince } = link;
    const eviction = link.hub.evict(this.kind, this.name);
    for (const part of eviction?.listeners ?? []) (part as FanOutPart).drop();
    this.#host.onMaybeEmpty(link);
    const since = eviction?.since ?? Infinity;
    return isOnline ? Math.min(since, unconfirmedSince, lastConfirmed) : since;
  }

  /** Subscribes on a node that has become a master. */
  #join(link: NodeLink, since: number): void {
    const members = [...this.#members.values()].filter(({ isLeaving }) => !isLeaving);
    const parts = members.map((member) => member.partOn(link));
    const affected = parts.filter(({ member }) => member.wasServed);
    link.hub.adopt(this.kind, this.name, { listeners: parts, affected, since });
  }

  #links(): readonly NodeLink[] {
    const parts = [...this.#members.values()].flatMap((member) => [...member.parts.values()]);
    return [...new Set(parts.map(({ link }) => link))];
  }
}

/** The last time at which the servers confirmed the masters, and the present. */
export interface Confirmation extends Pick<Topology, 'confirmedAt' | 'stalenessMs'> {
  readonly now: number;
}
