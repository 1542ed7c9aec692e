import { asyncScheduler, Subscription } from 'rxjs';
import type { PubSubClient } from './client.js';
import { Connection, type ConnectionObserver } from './connection.js';
import type { Consumer, Leave } from './consumer.js';
import { Link, type LinkHost } from './link.js';
import { LastHeard } from './last-heard.js';
import { Listeners } from './listeners.js';
import type { ChannelKind } from '../channel/message.js';
import { Outage } from './outage.js';
import type { PubSubHub, Watcher } from './pub-sub-hub.js';
import { reportUnhandled } from './report-unhandled.js';
import { Ring } from '../queue/ring.js';
import { Wire } from './wire.js';

/** Who runs a Hub as one of several that serve the same Receivers. */
export interface HubHost {
  /** Nothing is left of this name here. */
  onRemoved(kind: ChannelKind, name: string): void;
  /** Whether Redis means the place or the moment by its refusal, and not the name: it is tried again. */
  isPassing(error: unknown): boolean;
}

/** A name that has been let go of, to be served elsewhere. */
export interface Eviction {
  readonly consumers: readonly Consumer[];
  /** Those of them who may lack messages, and from when on. */
  readonly affected: readonly Consumer[];
  readonly since: number;
}

interface Delivery {
  readonly link: Link;
  readonly data: string | Buffer;
  readonly channel: string;
  readonly binary: boolean;
}

/** The most messages that wait for an outage to be announced; should more come, it is announced early. */
const MOST_HELD = 16_384;
const FIRST_RETRY = 50;
const LAST_RETRY = 2_000;

/** All that this package's Receivers hold of one client: they share its subscriptions. */
export class Hub implements PubSubHub, LinkHost, ConnectionObserver {
  readonly #links: Readonly<Record<ChannelKind, Map<string, Link>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #connection: Connection;
  readonly #listeners: Listeners;
  readonly #wire: Wire;
  readonly #host: HubHost | undefined;
  readonly #watchers = new Map<Watcher, number>();
  readonly #waiting = new Ring<Delivery>();
  #retries = new Subscription();
  #outage: Outage | undefined;
  #isResuming = false;
  #isDelivering = false;
  /** A message that comes now has to wait: another is being delivered, or an outage has yet to be announced. */
  #isBlocked = false;
  readonly #heard = new LastHeard();

  constructor(client: PubSubClient, host?: HubHost) {
    this.#host = host;
    this.#connection = new Connection(client, this);
    this.#listeners = new Listeners(client, this.#links, (link, data, channel, binary) =>
      this.#deliver(link, data, channel, binary),
    );
    this.#wire = new Wire(client, this.#listeners, () => this.onHeard());
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  get isOnline(): boolean {
    return this.#connection.isOnline;
  }

  get isAway(): boolean {
    return !this.isOnline;
  }

  get isOffline(): boolean {
    return this.#connection.isOffline;
  }

  /** Whether it carries nothing. */
  get isEmpty(): boolean {
    return Object.values(this.#links).every((links) => links.size === 0);
  }

  /** What `work` asks for goes out together. */
  batch(work: () => void): void {
    this.#wire.batch(work);
  }

  attach(kind: ChannelKind, name: string, consumer: Consumer): void {
    let link = this.#links[kind].get(name);
    if (!link) this.#links[kind].set(name, (link = new Link(this, kind, name)));
    this.#refresh();
    link.attach(consumer);
  }

  detach(kind: ChannelKind, name: string, consumer: Consumer, leave: Leave): void {
    this.#links[kind].get(name)?.detach(consumer, leave);
  }

  /** Whether it carries this name. */
  has(kind: ChannelKind, name: string): boolean {
    return this.#links[kind].has(name);
  }

  updateShortcut(kind: ChannelKind, name: string): void {
    this.#links[kind].get(name)?.updateShortcut();
  }

  deliverHeld(kind: ChannelKind, name: string): void {
    if (!this.#outage || this.#isDelivering || this.#waiting.length === 0) return;
    const link = this.#links[kind].get(name);
    for (let index = 0; index < this.#waiting.length; index++) {
      if (this.#waiting.at(index)?.link !== link) continue;
      return this.#endOutage(this.#outage.split(asyncScheduler.now()));
    }
  }

  watch(watcher: Watcher): void {
    this.#watchers.set(watcher, (this.#watchers.get(watcher) ?? 0) + 1);
    this.#refresh();
  }

  unwatch(watcher: Watcher): void {
    const count = this.#watchers.get(watcher) ?? 0;
    if (count > 1) this.#watchers.set(watcher, count - 1);
    else this.#watchers.delete(watcher);
    this.#refresh();
  }

  subscribe(link: Link, binary: boolean): void {
    this.#wire.request('subscribe', link, binary);
  }

  unsubscribe(link: Link, binary: boolean): void {
    this.#wire.request('unsubscribe', link, binary);
  }

  fence(onPassed: () => void): void {
    this.#wire.fence(onPassed);
  }

  forget(link: Link): boolean {
    return this.#listeners.forget(link);
  }

  isRefusal(error: unknown): boolean {
    return this.#wire.isRefusal(error) && this.#host?.isPassing(error) !== true;
  }

  retryLater(link: Link, failures: number): void {
    const delay = Math.min(FIRST_RETRY * 2 ** failures, LAST_RETRY);
    const retry = asyncScheduler.schedule(() => {
      this.#retries.remove(retry);
      link.reconcile();
    }, delay);
    this.#retries.add(retry);
  }

  settled(consumer: Consumer, as: 'served' | 'gone'): void {
    this.#outage?.settle(consumer, as);
    if (!this.#isResuming) this.#endOutageIfOver();
  }

  remove(link: Link): void {
    if (this.#links[link.kind].get(link.name) === link) {
      this.#links[link.kind].delete(link.name);
      this.#host?.onRemoved(link.kind, link.name);
    }
    this.#refresh();
  }

  /** Lets go of a name without a command: Redis has dropped it here, or is about to. */
  evict(kind: ChannelKind, name: string): Eviction | undefined {
    const link = this.#links[kind].get(name);
    if (!link) return undefined;
    const outage = this.#outage;
    const { isLive } = link;
    const affected = link.consumers.filter((consumer) => isLive || outage?.affected.has(consumer));
    const since = outage?.since ?? this.#heard.at;
    this.#links[kind].delete(name);
    const consumers = link.evict();
    for (const consumer of consumers) outage?.settle(consumer, 'gone');
    this.#endOutageIfOver();
    this.#refresh();
    return { consumers, affected, since };
  }

  /** Takes over who was let go of elsewhere: a gap follows for the affected once they are served here. */
  adopt(kind: ChannelKind, name: string, { consumers, affected, since }: Eviction): void {
    if (affected.length > 0) {
      const outage = (this.#outage ??= new Outage(since));
      outage.widen(since);
      for (const consumer of affected) outage.add(consumer);
      this.#isBlocked = true;
    }
    for (const consumer of consumers) this.attach(kind, name, consumer);
  }

  /** What was heard since that moment proves nothing. */
  doubt(since: number): void {
    this.#heard.doubt(since);
    this.#outage?.widen(since);
  }

  onHeard(): void {
    this.#heard.note();
  }

  onOffline(error: Error | undefined): void {
    this.#deliverBefore();
    const outage = this.#outage ?? new Outage(this.#heard.at);
    outage.widen(this.#heard.at);
    for (const link of this.#allLinks())
      if (link.isLive) for (const consumer of link.consumers) outage.add(consumer);
    if (!outage.isOver) this.#outage = outage;
    this.#isBlocked = this.#isDelivering || this.#outage !== undefined;
    for (const watcher of [...this.#watchers.keys()]) watcher.onDisconnected(error);
    for (const link of this.#allLinks()) link.onOffline();
  }

  onStillOffline(error: Error | undefined): void {
    if (this.#waiting.length > 0) this.onOffline(error);
    else for (const link of this.#allLinks()) link.reconcile();
  }

  onResubscribeRefused(): void {
    for (const link of this.#allLinks()) link.onResubscribeRefused();
  }

  onOnline(): void {
    this.#isResuming = true;
    this.batch(() => {
      for (const link of this.#allLinks()) link.onOnline();
    });
    this.#isResuming = false;
    this.#endOutageIfOver();
    this.#heard.restart();
  }

  onEnded(error: Error | undefined): void {
    if (this.#waiting.length > 0) this.#endOutage(undefined);
    this.#outage = undefined;
    this.#retries.unsubscribe();
    this.#retries = new Subscription();
    const links = this.#allLinks();
    const watchers = [...this.#watchers.keys()];
    for (const map of Object.values(this.#links)) map.clear();
    for (const link of links) link.end(error);
    for (const watcher of watchers) watcher.onClientEnded(this, error);
    this.#isBlocked = this.#isDelivering;
    this.#refresh();
  }

  #deliver(link: Link, data: string | Buffer, channel: string, binary: boolean): void {
    // What most messages take: a stream that keeps its own order needs nothing held for it.
    if (!binary && !this.#isBlocked) {
      if (!this.#heard.isFresh && link.counts(binary)) this.#heard.noteMessage();
      try {
        if (link.deliverByShortcut(data, channel)) return;
      } catch (error) {
        return reportUnhandled(error);
      }
    }
    this.#deliverInTurn(link, data, channel, binary);
  }

  #deliverInTurn(link: Link, data: string | Buffer, channel: string, binary: boolean): void {
    if (!link.counts(binary)) return;
    this.#heard.noteMessage();
    if (this.#isBlocked) return this.#hold({ link, data, channel, binary });
    this.#run(link, data, channel, binary);
    if (this.#waiting.length > 0) this.#flush();
  }

  #run(link: Link, data: string | Buffer, channel: string, binary: boolean): void {
    this.#isBlocked = this.#isDelivering = true;
    try {
      link.deliver(data, channel, binary);
    } catch (error) {
      reportUnhandled(error);
    }
    this.#isDelivering = false;
    this.#isBlocked = this.#outage !== undefined;
  }

  #hold(delivery: Delivery): void {
    this.#waiting.push(delivery);
    if (this.#outage && !this.#isDelivering && this.#waiting.length > MOST_HELD) {
      this.#endOutage(this.#outage.split(asyncScheduler.now()));
    }
  }

  /** What came while another message was being delivered, as from a client that publishes in the same call. */
  #flush(): void {
    while (!this.#isBlocked) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#run(next.link, next.data, next.channel, next.binary);
    }
  }

  #endOutageIfOver(): void {
    if (this.#outage?.isOver && this.isOnline) this.#endOutage(undefined);
  }

  #endOutage(rest: Outage | undefined): void {
    const outage = this.#outage;
    if (!outage) return;
    const until = asyncScheduler.now();
    this.#outage = undefined;
    if (outage.affected.size > 0) {
      for (const watcher of [...this.#watchers.keys()])
        watcher.onReconnected(outage.since, until, outage.affected);
    }
    this.#isBlocked = this.#isDelivering;
    this.#flush();
    this.#outage ??= rest;
    this.#isBlocked = this.#isDelivering || this.#outage !== undefined;
  }

  /** What the connection that is lost now has brought comes before what it has lost: the outage before that is told first. */
  #deliverBefore(): void {
    if (this.#outage && this.#waiting.length > 0 && !this.#isDelivering)
      this.#endOutage(this.#outage.split(asyncScheduler.now()));
  }

  /** Listens to the client only while somebody needs it. */
  #refresh(): void {
    const isNeeded = this.#watchers.size > 0 || !this.isEmpty;
    if (isNeeded) return this.#connection.watch();
    this.#connection.unwatch();
    this.#heard.rest();
  }

  #allLinks(): Link[] {
    return Object.values(this.#links).flatMap((links) => [...links.values()]);
  }
}
