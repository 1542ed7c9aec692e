import { asapScheduler, asyncScheduler, interval, Subscription } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import type { PubSubClient, ServerClient } from '../hub/client.js';
import { NodeLink, type NodeLinkHost } from './node-link.js';
import { listenersBehind } from './fan-out-member.js';
import type { HubListener, Leave } from '../hub/hub-listener.js';
import { transition } from '../outbox.js';
import { Poll } from './poll.js';
import type { PubSubHub, Watcher } from '../hub/pub-sub-hub.js';
import { READER_DEFAULTS, type ReaderMode } from '../reader/reader-mode.js';
import { Routes, type RoutesHost } from './routes.js';
import { ShardMoves, type ShardMovesHost } from './shard-moves.js';
import type { Topology, TopologyObserver } from './topology.js';
import { Watchers } from '../hub/watchers.js';

const DEFAULT_PATIENCE = 5_000;
/**
 * The hub of a cluster or Sentinel client: it has a hub for each server that carries a name. Each name belongs to the server
 * that the topology names, and moves, with a gap, when that changes.
 */
export class DistributedHub
  implements PubSubHub, NodeLinkHost, RoutesHost, ShardMovesHost, TopologyObserver, Watcher
{
  readonly #client: PubSubClient;
  readonly #topology: Topology;
  readonly #nodeLinks = new Map<string, NodeLink>();
  readonly #routes: Routes;
  readonly #watchers = new Watchers(() => this.#update());
  readonly #shards: ShardMoves;
  readonly #poll = new Poll(() => this.#refresh());
  #isWatching = false;
  #beat = Subscription.EMPTY;
  #heartbeat = 0;
  #lastReader: ReaderMode | undefined;

  constructor(client: PubSubClient, topology: Topology) {
    this.#client = client;
    this.#topology = topology;
    this.#routes = new Routes(topology, this);
    this.#shards = new ShardMoves(topology, this.#routes.shard, this);
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  get isAway(): boolean {
    return [...this.#nodeLinks.values()].some(({ isLost }) => isLost);
  }

  get heartbeat(): number {
    return this.#heartbeat;
  }

  get reader(): ReaderMode {
    return this.#watchers.reader ?? READER_DEFAULTS.own;
  }

  get patience(): number {
    return this.#heartbeat > 0 ? this.#heartbeat : DEFAULT_PATIENCE;
  }

  batch(work: () => void): void {
    const nodeLinks = [...this.#nodeLinks.values()];
    transition(nodeLinks.reduce<() => void>((inner, nodeLink) => () => nodeLink.hub.batch(inner), work));
  }

  attach(kind: SubscriptionKind, name: string, listener: HubListener): void {
    this.#routes.open(kind, name).hub.attach(kind, name, listener);
    this.#update();
  }

  detach(kind: SubscriptionKind, name: string, listener: HubListener, leave: Leave): void {
    this.#routes.get(kind, name)?.hub.detach(kind, name, listener, leave);
  }

  updateFastPath(kind: SubscriptionKind, name: string): void {
    this.#routes.get(kind, name)?.hub.updateFastPath(kind, name);
  }

  deliverHeld(kind: SubscriptionKind, name: string): void {
    this.#routes.get(kind, name)?.hub.deliverHeld(kind, name);
  }

  check(): void {
    if (this.#isWatching && !this.isOpen) this.onEnded();
  }

  verify(kind: SubscriptionKind, name: string): void {
    this.#routes.get(kind, name)?.hub.verify(kind, name);
  }

  async inspect(): Promise<void> {
    await Promise.all([...this.#nodeLinks.values()].map((nodeLink) => nodeLink.checkConnection()));
  }

  serversOf(kind: SubscriptionKind, name: string): readonly ServerClient[] {
    return this.#routes.get(kind, name)?.servers ?? [];
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher, this);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.remove(watcher);
  }

  onRemoved(kind: SubscriptionKind, name: string, nodeLink: NodeLink): void {
    this.#routes.remove(kind, name, nodeLink);
    if (kind === 'shard') this.#shards.forget(name);
    this.#closeIfEmpty(nodeLink);
  }

  onTrouble(): void {
    this.#poll.soon();
  }

  onMoved(nodeLink: NodeLink, name: string): void {
    if (this.#shards.drop(name, nodeLink)) this.#poll.soon();
  }

  onRedirected(error: Error): void {
    if (this.#topology.learn(error)) asapScheduler.schedule(() => this.#shards.realign());
    this.#poll.soon();
  }

  onSpread(): void {
    this.#poll.soon();
  }

  onChange(): void {
    this.#poll.soon();
  }

  onEnded(): void {
    const nodeLinks = [...this.#nodeLinks.values()];
    const watchers = this.#watchers.all();
    this.#nodeLinks.clear();
    this.#shards.clear();
    this.#routes.clear();
    for (const nodeLink of nodeLinks) nodeLink.close();
    for (const watcher of watchers) watcher.onClientEnded(this, undefined);
    this.#update();
  }

  onDisconnected(error: Error | undefined): void {
    for (const watcher of this.#watchers.all()) watcher.onDisconnected(error);
  }

  onReconnected(since: number, until: number, affected: ReadonlySet<HubListener>): void {
    const listeners = listenersBehind(affected);
    for (const watcher of this.#watchers.all()) watcher.onReconnected(since, until, listeners);
  }

  onClientEnded(): void {
    // Nothing to do: only `onEnded` and `#closeIfEmpty` end a node link.
  }

  onMaybeEmpty(nodeLink: NodeLink): void {
    if (nodeLink.hub.isEmpty) this.#closeIfEmpty(nodeLink);
  }

  nodeLink(key: string): NodeLink {
    let nodeLink = this.#nodeLinks.get(key);
    if (!nodeLink) {
      this.#nodeLinks.set(key, (nodeLink = new NodeLink(key, this.#topology, this)));
      nodeLink.hub.watch(this);
    }
    return nodeLink;
  }

  #closeIfEmpty(nodeLink: NodeLink): void {
    // Not synchronously: the node link may be in the middle of an operation.
    asapScheduler.schedule(() => {
      if (!nodeLink.hub.isEmpty || this.#nodeLinks.get(nodeLink.key) !== nodeLink) return;
      this.#nodeLinks.delete(nodeLink.key);
      nodeLink.hub.unwatch(this);
      nodeLink.close();
      this.#update();
    });
  }

  /** Watches the client and checks the node links only while a watcher or a node link is there. */
  #update(): void {
    const isNeeded = this.#watchers.size > 0 || this.#nodeLinks.size > 0;
    if (isNeeded !== this.#isWatching) {
      this.#isWatching = isNeeded;
      if (isNeeded) this.#topology.watch(this);
      else this.#topology.unwatch();
    }
    if (this.reader !== this.#lastReader) {
      this.#lastReader = this.reader;
      for (const nodeLink of this.#nodeLinks.values()) nodeLink.updateReader();
    }
    const heartbeat = this.#nodeLinks.size > 0 ? this.#watchers.heartbeat : 0;
    if (heartbeat === this.#heartbeat) return;
    this.#heartbeat = heartbeat;
    this.#beat.unsubscribe();
    if (heartbeat > 0) this.#beat = interval(heartbeat, asyncScheduler).subscribe(() => this.#onBeat());
  }

  #onBeat(): void {
    for (const nodeLink of this.#nodeLinks.values()) void nodeLink.checkConnection();
    this.#poll.soon();
  }

  /** Asks the servers and acts on the answers; resolves to true if the poll should ask again soon. */
  async #refresh(): Promise<boolean> {
    if (!this.isOpen) {
      this.onEnded();
      return false;
    }
    const isChanged = await this.#topology.refresh().catch(() => false);
    const nodeLinks = [...this.#nodeLinks.values()];
    if (isChanged) for (const routes of [this.#shards, this.#routes]) routes.realign();
    for (const nodeLink of nodeLinks) {
      if (this.#topology.pointsToWrongNode(nodeLink.key))
        nodeLink.reopen(new Error('The server is no longer the right one.'));
      else if (isChanged) nodeLink.hurry();
    }
    this.#shards.resubscribe();
    await Promise.all(
      nodeLinks.filter(({ isAstray }) => isAstray).map((nodeLink) => nodeLink.checkConnection(true)),
    );
    return (
      !this.#shards.isDone ||
      nodeLinks.some((nodeLink) => !nodeLink.isOnline && this.#nodeLinks.has(nodeLink.key))
    );
  }
}
