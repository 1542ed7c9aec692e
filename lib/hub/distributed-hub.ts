import { asapScheduler, asyncScheduler, interval, Subscription } from 'rxjs';
import type { ChannelKind } from '../channel/message.js';
import type { PubSubClient } from './client.js';
import { Lane, type LaneHost } from './lane.js';
import type { Consumer, Leave } from './consumer.js';
import { transition } from '../outbox.js';
import { Poll } from './poll.js';
import type { PubSubHub, Watcher } from './pub-sub-hub.js';
import type { Topology, TopologyObserver } from './topology.js';
import { Watchers } from './watchers.js';

const DEFAULT_PATIENCE = 5_000;
/** How often the servers are asked where a slot has gone before its channels are subscribed at the old place again. */
const MOST_QUESTIONS = 10;

interface Move {
  readonly name: string;
  readonly from: Lane;
  readonly to: Lane;
}

/**
 * The hub of a client of several servers, a cluster's or a Sentinel set's: a hub for each server that carries something.
 * It leads every name to the server that the topology says, and moves it when that changes, with a gap.
 */
export class DistributedHub implements PubSubHub, LaneHost, TopologyObserver, Watcher {
  readonly #client: PubSubClient;
  readonly #topology: Topology;
  readonly #lanes = new Map<string, Lane>();
  readonly #routes: Readonly<Record<ChannelKind, Map<string, Lane>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #watchers = new Watchers(() => this.#update());
  /** Sharded channels that Redis has dropped at these lanes. */
  readonly #moved = new Map<string, Lane>();
  readonly #poll = new Poll(() => this.#refresh());
  #isWatching = false;
  #questions = 0;
  #beat = Subscription.EMPTY;
  #heartbeat = 0;

  constructor(client: PubSubClient, topology: Topology) {
    this.#client = client;
    this.#topology = topology;
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  get isAway(): boolean {
    return [...this.#lanes.values()].some(({ isLost }) => isLost);
  }

  get heartbeat(): number {
    return this.#heartbeat;
  }

  get patience(): number {
    return this.#heartbeat > 0 ? this.#heartbeat : DEFAULT_PATIENCE;
  }

  batch(work: () => void): void {
    const lanes = [...this.#lanes.values()];
    transition(lanes.reduce<() => void>((inner, lane) => () => lane.hub.batch(inner), work));
  }

  attach(kind: ChannelKind, name: string, consumer: Consumer): void {
    let lane = this.#routes[kind].get(name);
    if (!lane) this.#routes[kind].set(name, (lane = this.#lane(this.#topology.laneOf(kind, name))));
    lane.hub.attach(kind, name, consumer);
    this.#update();
  }

  detach(kind: ChannelKind, name: string, consumer: Consumer, leave: Leave): void {
    this.#routes[kind].get(name)?.hub.detach(kind, name, consumer, leave);
  }

  updateShortcut(kind: ChannelKind, name: string): void {
    this.#routes[kind].get(name)?.hub.updateShortcut(kind, name);
  }

  deliverHeld(kind: ChannelKind, name: string): void {
    this.#routes[kind].get(name)?.hub.deliverHeld(kind, name);
  }

  check(): void {
    if (this.#isWatching && !this.isOpen) this.onEnded();
  }

  verify(kind: ChannelKind, name: string): void {
    this.#routes[kind].get(name)?.hub.verify(kind, name);
  }

  async inspect(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.look()));
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.remove(watcher);
  }

  onRemoved(kind: ChannelKind, name: string, lane: Lane): void {
    if (this.#routes[kind].get(name) === lane) this.#routes[kind].delete(name);
    if (kind === 'shard') this.#moved.delete(name);
    this.#closeIfEmpty(lane);
  }

  onTrouble(): void {
    this.#poll.soon();
  }

  onMoved(lane: Lane, name: string): void {
    if (this.#routes.shard.get(name) !== lane) return;
    this.#moved.set(name, lane);
    this.#questions = 0;
    this.#poll.soon();
  }

  onRedirected(error: Error): void {
    if (this.#topology.learn(error)) asapScheduler.schedule(() => this.#realign());
    this.#poll.soon();
  }

  onChange(): void {
    this.#poll.soon();
  }

  onEnded(): void {
    const lanes = [...this.#lanes.values()];
    const watchers = this.#watchers.all();
    this.#lanes.clear();
    this.#moved.clear();
    for (const routes of Object.values(this.#routes)) routes.clear();
    for (const lane of lanes) lane.close();
    for (const watcher of watchers) watcher.onClientEnded(this, undefined);
    this.#update();
  }

  onDisconnected(error: Error | undefined): void {
    for (const watcher of this.#watchers.all()) watcher.onDisconnected(error);
  }

  onReconnected(since: number, until: number, affected: ReadonlySet<Consumer>): void {
    for (const watcher of this.#watchers.all()) watcher.onReconnected(since, until, affected);
  }

  onClientEnded(): void {
    // Of a lane, which only `onEnded` or `#close` ends.
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (!lane) {
      this.#lanes.set(key, (lane = new Lane(key, this.#topology, this)));
      lane.hub.watch(this);
    }
    return lane;
  }

  #closeIfEmpty(lane: Lane): void {
    // Not at once: it may be in the middle of something.
    asapScheduler.schedule(() => {
      if (!lane.hub.isEmpty || this.#lanes.get(lane.key) !== lane) return;
      this.#lanes.delete(lane.key);
      lane.hub.unwatch(this);
      lane.close();
      this.#update();
    });
  }

  /** Listens to the client and looks after the lanes only while there is something to look after. */
  #update(): void {
    const isNeeded = this.#watchers.size > 0 || this.#lanes.size > 0;
    if (isNeeded !== this.#isWatching) {
      this.#isWatching = isNeeded;
      if (isNeeded) this.#topology.watch(this);
      else this.#topology.unwatch();
    }
    const heartbeat = this.#lanes.size > 0 ? this.#watchers.heartbeat : 0;
    if (heartbeat === this.#heartbeat) return;
    this.#heartbeat = heartbeat;
    this.#beat.unsubscribe();
    if (heartbeat > 0) this.#beat = interval(heartbeat, asyncScheduler).subscribe(() => this.#onBeat());
  }

  #onBeat(): void {
    for (const lane of this.#lanes.values()) void lane.look();
    this.#poll.soon();
  }

  /** Asks the servers, and acts on it; true if it should be done again soon. */
  async #refresh(): Promise<boolean> {
    if (!this.isOpen) {
      this.onEnded();
      return false;
    }
    const isChanged = await this.#topology.refresh().catch(() => false);
    const lanes = [...this.#lanes.values()];
    if (isChanged) this.#realign();
    for (const lane of lanes) {
      if (this.#topology.isMisled(lane.key))
        lane.reopen(new Error('The server is not the right one any more.'));
      else if (isChanged) lane.hurry();
    }
    this.#resubscribeMoved();
    await Promise.all(lanes.filter(({ isAstray }) => isAstray).map((lane) => lane.look(true)));
    return this.#moved.size > 0 || lanes.some((lane) => !lane.isOnline && this.#lanes.has(lane.key));
  }

  /** Leads every sharded channel to where its slot is. */
  #realign(): void {
    const moves: Move[] = [];
    for (const [name, from] of this.#routes.shard) {
      const key = this.#topology.laneOf('shard', name);
      if (key !== from.key) moves.push({ name, from, to: this.#lane(key) });
    }
    this.#move(moves);
  }

  /** Who has lost a sharded channel without anybody knowing where to, gets it at the old place again, or a redirection. */
  #resubscribeMoved(): void {
    for (const [name, lane] of this.#moved)
      if (this.#routes.shard.get(name) !== lane) this.#moved.delete(name);
    if (this.#moved.size === 0 || ++this.#questions < MOST_QUESTIONS) return;
    const moves = [...this.#moved].map(([name, lane]) => ({ name, from: lane, to: lane }));
    this.#moved.clear();
    this.#move(moves);
  }

  #move(moves: readonly Move[]): void {
    // A server that the others have lost sight of goes on to say that all is in order.
    const lastConfirmed = this.#topology.confirmedAt - this.#topology.belief;
    this.batch(() => {
      for (const { name, from, to } of moves) {
        if (this.#routes.shard.get(name) !== from) continue;
        this.#routes.shard.set(name, to);
        const { isOnline, doubtfulSince } = from;
        const eviction = from.hub.evict('shard', name);
        if (!eviction) continue;
        const since = isOnline ? Math.min(eviction.since, doubtfulSince, lastConfirmed) : eviction.since;
        to.hub.adopt('shard', name, { ...eviction, since });
        if (eviction.consumers.length === 0) this.#routes.shard.delete(name);
      }
    });
    for (const { from, to } of moves)
      for (const lane of new Set([from, to])) if (lane.hub.isEmpty) this.#closeIfEmpty(lane);
  }
}
