import { asyncScheduler, interval, Subscription } from 'rxjs';
import type { ServerClient } from './client.js';
import { Connection, type ConnectionObserver } from './connection.js';
import type { Consumer, Leave } from './consumer.js';
import { ForeignCommands, type ForeignCommandsObserver } from './foreign-commands.js';
import { Inspection, type InspectionHost } from './inspection.js';
import { Link, type LinkHost } from './link.js';
import { LastHeard } from './last-heard.js';
import { Listeners } from './listeners.js';
import type { ChannelKind } from '../channel/message.js';
import { Outage } from './outage.js';
import { tell, transition } from '../outbox.js';
import type { PubSubHub, Watcher } from './pub-sub-hub.js';
import { Refusals } from './refusals.js';
import { reportUnhandled } from '../report-unhandled.js';
import { Ring } from '../queue/ring.js';
import { byteSizeAtMost } from '../queue/byte-size.js';
import { Watchers } from './watchers.js';
import { MOST_CHARACTERS, MOST_NAMES, Wire } from './wire.js';

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
  readonly rawChannel: Buffer | undefined;
}

/** The most messages, and bytes of them, that wait for an outage to be announced; should more come, it is announced early. */
const MOST_HELD = 16_384;
const MOST_BYTES_HELD = 16 * 1024 * 1024;
/** Milliseconds. */
const FIRST_RETRY = 50;
const LAST_RETRY = 2_000;
const KINDS: readonly ChannelKind[] = ['channel', 'pattern', 'shard'];
/** Milliseconds that `inspect` waits for an answer. */
const INSPECTION_PATIENCE = 2_000;

/** All that this package's Receivers hold of one client: they share its subscriptions. */
export class Hub implements PubSubHub, LinkHost, ConnectionObserver, ForeignCommandsObserver, InspectionHost {
  readonly #links: Readonly<Record<ChannelKind, Map<string, Link>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #client: ServerClient;
  readonly #connection: Connection;
  readonly #listeners: Listeners;
  readonly #foreign: ForeignCommands;
  readonly #inspection: Inspection;
  readonly #wire: Wire;
  readonly #host: HubHost | undefined;
  readonly #watchers = new Watchers(() => this.#refresh());
  readonly #waiting = new Ring<Delivery>();
  #waitingBytes = 0;
  readonly #refusals = new Refusals(({ kind, name }) =>
    transition(() => this.#links[kind].get(name)?.reconcile()),
  );
  #retries = new Subscription();
  #outage: Outage | undefined;
  #isResuming = false;
  #isDelivering = false;
  /** A message that comes now has to wait: another is being delivered, or an outage has yet to be announced. */
  #isBlocked = false;
  readonly #heard = new LastHeard();
  /** When Redis was last known to have all subscriptions that the client believes to have. */
  #soundAt = 0;
  #heartbeat = 0;
  #beat = Subscription.EMPTY;

  constructor(client: ServerClient, host?: HubHost) {
    this.#client = client;
    this.#host = host;
    this.#connection = new Connection(client, this);
    this.#listeners = new Listeners(client, this.#links, (link, data, channel, binary, rawChannel) =>
      this.#deliver(link, data, channel, binary, rawChannel),
    );
    this.#foreign = new ForeignCommands(client, this, () => asyncScheduler.now());
    this.#inspection = new Inspection(client, this);
    this.#wire = new Wire(client, this.#listeners, this.#foreign, () => this.onHeard());
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

  get now(): number {
    return asyncScheduler.now();
  }

  get quietSince(): number | undefined {
    return this.#wire.quietSince;
  }

  /** What `work` asks for goes out together. */
  batch(work: () => void): void {
    transition(() => this.#wire.batch(work));
  }

  attach(kind: ChannelKind, name: string, consumer: Consumer): void {
    transition(() => {
      if (this.isEmpty) this.#soundAt = this.now;
      // Redis may have dropped it since.
      this.verify(kind, name);
      let link = this.#links[kind].get(name);
      if (!link) this.#links[kind].set(name, (link = new Link(this, kind, name)));
      this.#refresh();
      link.attach(consumer);
    });
  }

  detach(kind: ChannelKind, name: string, consumer: Consumer, leave: Leave): void {
    transition(() => this.#links[kind].get(name)?.detach(consumer, leave));
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
      return this.#splitOutage();
    }
  }

  check(): void {
    this.#connection.check();
  }

  verify(kind: ChannelKind, name: string): void {
    this.onUnsubscribed(kind, [name], this.#soundAt);
  }

  async inspect(): Promise<void> {
    // To look at each name would cost too much here: the heartbeat does.
    for (const kind of KINDS)
      if (this.#links[kind].size > this.#listeners.count(kind))
        this.onUnsubscribed(kind, undefined, this.#soundAt);
    if (!this.#client.sendCommand) return;
    let timer = Subscription.EMPTY;
    const patience = new Promise<void>((resolve) => {
      timer = asyncScheduler.schedule(() => resolve(), INSPECTION_PATIENCE);
    });
    await Promise.race([this.#inspection.run(), patience]);
    timer.unsubscribe();
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.remove(watcher);
  }

  maySubscribe(link: Link): boolean {
    return this.#refusals.allows(link);
  }

  subscribe(link: Link, binary: boolean, isAnew: boolean): void {
    this.#wire.request(isAnew ? 'resubscribe' : 'subscribe', link, binary);
  }

  unsubscribe(link: Link, binary: boolean): void {
    this.#wire.request('unsubscribe', link, binary);
  }

  fence(onPassed: () => void): void {
    this.#wire.fence(onPassed);
  }

  isShared(link: Link): boolean {
    return this.#listeners.isShared(link);
  }

  forget(link: Link): boolean {
    return this.#listeners.forget(link);
  }

  isRefusal(error: unknown): boolean {
    return this.#wire.isRefusal(error) && this.#host?.isPassing(error) !== true;
  }

  answered(link: Link, isRefused: boolean): void {
    if (isRefused) this.#refusals.add(link);
    else this.#refusals.remove(link);
  }

  retryLater(link: Link, failures: number): void {
    const delay = Math.min(FIRST_RETRY * 2 ** failures, LAST_RETRY);
    const retry = asyncScheduler.schedule(() => {
      this.#retries.remove(retry);
      transition(() => link.reconcile());
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
      this.#refusals.leave(link);
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
    const since = outage?.since ?? this.#heardAt;
    this.#links[kind].delete(name);
    const consumers = link.evict();
    for (const consumer of consumers) outage?.settle(consumer, 'gone');
    this.#endOutageIfOver();
    this.#refresh();
    return { consumers, affected, since };
  }

  /** Takes over who was let go of elsewhere: a gap follows for the affected once they are served here. */
  adopt(kind: ChannelKind, name: string, { consumers, affected, since }: Eviction): void {
    if (affected.length > 0) this.#begin(since, affected);
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
    transition(() => {
      if (this.#waiting.length > 0 && !this.#isDelivering) this.#splitOutage();
      this.#begin(this.#heardAt, this.#liveConsumers());
      for (const watcher of this.#watchers.all()) tell(() => watcher.onDisconnected(error));
      if (this.#isTooMuchForOneCommand()) this.onResubscribeRefused();
      for (const link of this.#allLinks()) link.onOffline();
      this.#wire.restart();
    });
  }

  onStillOffline(error: Error | undefined): void {
    if (this.#waiting.length > 0) this.onOffline(error);
    else transition(() => this.#allLinks().forEach((link) => link.reconcile()));
  }

  onResubscribeRefused(): void {
    for (const link of this.#allLinks()) link.onResubscribeRefused();
  }

  onOnline(): void {
    this.#inspection.reset();
    this.#soundAt = this.now;
    this.#isResuming = true;
    this.batch(() => {
      for (const link of this.#allLinks()) link.onOnline();
    });
    this.#isResuming = false;
    transition(() => this.#endOutageIfOver());
    this.#heard.restart();
    void this.inspect();
  }

  onEnded(error: Error | undefined): void {
    transition(() => {
      if (this.#waiting.length > 0) this.#endOutage(undefined);
      this.#outage = undefined;
      this.#retries.unsubscribe();
      this.#retries = new Subscription();
      this.#refusals.clear();
      const links = this.#allLinks();
      for (const map of Object.values(this.#links)) map.clear();
      for (const link of links) link.end(error);
      for (const watcher of this.#watchers.all()) tell(() => watcher.onClientEnded(this, error));
      this.#wire.restart();
      this.#updateBlocked();
      this.#refresh();
    });
  }

  /** Replies may be missing, so that no operation in flight can be relied on. */
  onReaderFailed(): void {
    transition(() => {
      this.#wire.restart();
      this.#recover(this.#allLinks(), this.#heardAt);
    });
  }

  onShardMoved(name: string): void {
    const link = this.#links.shard.get(name);
    if (link) transition(() => this.#recover([link], this.#heardAt));
  }

  onUnsubscribed(kind: ChannelKind, names: readonly string[] | undefined, since: number): void {
    const lost = this.#named(kind, names).filter(
      (link) => link.isSettled && !this.#listeners.isRegistered(link),
    );
    if (lost.length > 0) transition(() => this.#recover(lost, since));
  }

  onDropped(kind: ChannelKind, names: readonly string[] | undefined, since: number): void {
    transition(() => this.#recover(this.#named(kind, names), since));
  }

  onHandoff(): void {
    void this.inspect();
  }

  onSound(askedAt: number): void {
    this.#soundAt = askedAt;
  }

  onShort(kind: ChannelKind): void {
    transition(() => this.#recover([...this.#links[kind].values()], this.#soundAt));
  }

  /** Subscribes names again that Redis may have dropped: an outage of these alone. */
  #recover(links: readonly Link[], since: number): void {
    const affected = links.filter(({ isLive }) => isLive).flatMap(({ consumers }) => consumers);
    this.#begin(since, affected);
    this.#wire.batch(() => {
      for (const link of links) link.restart();
    });
  }

  #named(kind: ChannelKind, names: readonly string[] | undefined): Link[] {
    const links = this.#links[kind];
    return names ? names.flatMap((name) => links.get(name) ?? []) : [...links.values()];
  }

  /** When something was last heard; nothing is missing from before anything was attached. */
  get #heardAt(): number {
    return this.#heard.at || this.#soundAt;
  }

  #liveConsumers(): Consumer[] {
    return this.#allLinks().flatMap((link) => (link.isLive ? link.consumers : []));
  }

  /** Returns whether the client's own resubscription, one command for all names of a kind, would be too large. */
  #isTooMuchForOneCommand(): boolean {
    return Object.values(this.#links).some((links) => {
      let characters = 0;
      for (const name of links.keys()) characters += name.length;
      return links.size > MOST_NAMES || characters > MOST_CHARACTERS;
    });
  }

  #deliver(
    link: Link,
    data: string | Buffer,
    channel: string,
    binary: boolean,
    rawChannel: Buffer | undefined,
  ): void {
    // What most messages take: a stream that keeps its own order needs nothing held for it.
    if (!binary && !this.#isBlocked) {
      if (!this.#heard.isFresh && link.counts(binary)) this.#heard.noteMessage();
      try {
        if (link.deliverByShortcut(data, channel)) return;
      } catch (error) {
        return reportUnhandled(error);
      }
    }
    this.#deliverInTurn({ link, data, channel, binary, rawChannel });
  }

  #deliverInTurn(delivery: Delivery): void {
    const { link, binary } = delivery;
    if (!link.counts(binary)) return;
    this.#heard.noteMessage();
    if (!link.isSettled) transition(() => link.noteArrival());
    if (this.#isBlocked) return this.#hold(delivery);
    this.#run(delivery);
    if (this.#waiting.length > 0) this.#flush();
  }

  #run({ link, data, channel, binary, rawChannel }: Delivery): void {
    this.#isBlocked = this.#isDelivering = true;
    try {
      link.deliver(data, channel, binary, rawChannel);
    } catch (error) {
      reportUnhandled(error);
    }
    this.#isDelivering = false;
    this.#updateBlocked();
  }

  #hold(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#waitingBytes += byteSizeAtMost(delivery);
    const isFull = this.#waiting.length > MOST_HELD || this.#waitingBytes > MOST_BYTES_HELD;
    if (this.#outage && !this.#isDelivering && isFull) this.#splitOutage();
  }

  /** Delivers what waits: what came while another message was being delivered, or during an outage that is over. */
  #flush(most = Infinity): void {
    for (let count = 0; count < most && !this.#isDelivering; count++) {
      if (this.#outage && most === Infinity) break;
      const next = this.#waiting.shift();
      if (!next) break;
      this.#waitingBytes -= byteSizeAtMost(next);
      this.#run(next);
    }
    this.#updateBlocked();
  }

  #updateBlocked(): void {
    this.#isBlocked = this.#isDelivering || this.#outage !== undefined || this.#waiting.length > 0;
  }

  /** Begins an outage, or adds to the one that is. */
  #begin(since: number, affected: readonly Consumer[]): void {
    this.#outage?.widen(since);
    if (affected.length === 0) return;
    const outage = (this.#outage ??= new Outage(since));
    for (const consumer of affected) outage.add(consumer);
    this.#isBlocked = true;
  }

  #endOutageIfOver(): void {
    if (this.#outage?.isOver && this.isOnline) this.#endOutage(undefined);
  }

  /** Tells of an outage before everyone is served: what has come must wait no longer. */
  #splitOutage(): void {
    if (this.#outage) transition(() => this.#endOutage(this.#outage?.split(asyncScheduler.now())));
  }

  #endOutage(rest: Outage | undefined): void {
    const outage = this.#outage;
    if (!outage) return;
    const until = asyncScheduler.now();
    this.#outage = rest;
    if (outage.affected.size > 0) {
      for (const watcher of this.#watchers.all())
        tell(() => watcher.onReconnected(outage.since, until, outage.affected));
    }
    const held = this.#waiting.length;
    tell(() => {
      this.#flush(held);
      this.#flush();
    });
  }

  /** Listens to the client only while somebody needs it. */
  #refresh(): void {
    const isNeeded = this.#watchers.size > 0 || !this.isEmpty;
    if (isNeeded) {
      this.#connection.watch();
      this.#foreign.watch();
    } else {
      this.#connection.unwatch();
      this.#foreign.unwatch();
      this.#heard.rest();
    }
    this.#updateHeartbeat(isNeeded && this.#client.sendCommand ? this.#watchers.heartbeat : 0);
  }

  #updateHeartbeat(heartbeat: number): void {
    if (heartbeat === this.#heartbeat) return;
    this.#heartbeat = heartbeat;
    this.#beat.unsubscribe();
    if (heartbeat > 0) this.#beat = interval(heartbeat, asyncScheduler).subscribe(() => this.#onBeat());
  }

  #onBeat(): void {
    this.#connection.check();
    for (const kind of KINDS) this.onUnsubscribed(kind, undefined, this.#soundAt);
    if (this.isOnline) void this.inspect();
  }

  #allLinks(): Link[] {
    return Object.values(this.#links).flatMap((links) => [...links.values()]);
  }
}
