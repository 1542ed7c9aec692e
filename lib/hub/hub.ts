import { asyncScheduler, interval, Subscription } from 'rxjs';
import type { ServerClient } from './client.js';
import { Connection, type ConnectionObserver } from './connection.js';
import type { HubListener, Leave } from './hub-listener.js';
import { ForeignCommands, type ForeignCommandsObserver } from './foreign-commands.js';
import { Inspection, type InspectionHost } from './inspection.js';
import { RedisSubscription, type SubscriptionHost } from './redis-subscription.js';
import { LastHeard } from './last-heard.js';
import { ClientListeners } from './client-listeners.js';
import type { ChannelKind } from '../channel/message.js';
import { Outage } from './outage.js';
import { tell, transition } from '../outbox.js';
import type { PubSubHub, Watcher } from './pub-sub-hub.js';
import { Refusals } from './refusals.js';
import { reportUnhandled } from '../report-unhandled.js';
import { Ring } from '../queue/ring.js';
import { byteSizeAtMost } from '../queue/byte-size.js';
import { Watchers } from './watchers.js';
import { MOST_CHARACTERS, MOST_NAMES, SubscribeCommands } from './subscribe-commands.js';

/** Who runs a Hub as one of several that serve the same Receivers. */
export interface HubHost {
  /** Nothing is left of this name here. */
  onRemoved(kind: ChannelKind, name: string): void;
  /** Whether Redis means the place or the moment by its refusal, and not the name: it is tried again. */
  isPassing(error: unknown): boolean;
}

/** A name that has been let go of, to be served elsewhere. */
export interface Eviction {
  readonly listeners: readonly HubListener[];
  /** Those of them who may lack messages, and from when on. */
  readonly affected: readonly HubListener[];
  readonly since: number;
}

interface Delivery {
  readonly subscription: RedisSubscription;
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
export class Hub
  implements PubSubHub, SubscriptionHost, ConnectionObserver, ForeignCommandsObserver, InspectionHost
{
  readonly #subscriptions: Readonly<Record<ChannelKind, Map<string, RedisSubscription>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #client: ServerClient;
  readonly #connection: Connection;
  readonly #clientListeners: ClientListeners;
  readonly #foreign: ForeignCommands;
  readonly #inspection: Inspection;
  readonly #commands: SubscribeCommands;
  readonly #host: HubHost | undefined;
  readonly #watchers = new Watchers(() => this.#refresh());
  readonly #waiting = new Ring<Delivery>();
  #waitingBytes = 0;
  readonly #refusals = new Refusals(({ kind, name }) =>
    transition(() => this.#subscriptions[kind].get(name)?.reconcile()),
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
    this.#clientListeners = new ClientListeners(
      client,
      this.#subscriptions,
      (subscription, data, channel, binary, rawChannel) =>
        this.#deliver(subscription, data, channel, binary, rawChannel),
    );
    this.#foreign = new ForeignCommands(client, this, () => asyncScheduler.now());
    this.#inspection = new Inspection(client, this);
    this.#commands = new SubscribeCommands(client, this.#clientListeners, this.#foreign, {
      onHeard: () => this.onHeard(),
      onQuiet: () => {
        if (this.#inspection.isOwed) void this.#inspection.run();
      },
    });
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
    return Object.values(this.#subscriptions).every((subscriptions) => subscriptions.size === 0);
  }

  get now(): number {
    return asyncScheduler.now();
  }

  get quietSince(): number | undefined {
    return this.#commands.quietSince;
  }

  /** What `work` asks for goes out together. */
  batch(work: () => void): void {
    transition(() => this.#commands.batch(work));
  }

  attach(kind: ChannelKind, name: string, listener: HubListener): void {
    transition(() => {
      if (this.isEmpty) this.#soundAt = this.now;
      // Redis may have dropped it since.
      this.verify(kind, name);
      let subscription = this.#subscriptions[kind].get(name);
      if (!subscription)
        this.#subscriptions[kind].set(name, (subscription = new RedisSubscription(this, kind, name)));
      this.#refresh();
      subscription.attach(listener);
    });
  }

  detach(kind: ChannelKind, name: string, listener: HubListener, leave: Leave): void {
    transition(() => this.#subscriptions[kind].get(name)?.detach(listener, leave));
  }

  /** Whether it carries this name. */
  has(kind: ChannelKind, name: string): boolean {
    return this.#subscriptions[kind].has(name);
  }

  updateFastPath(kind: ChannelKind, name: string): void {
    this.#subscriptions[kind].get(name)?.updateFastPath();
  }

  deliverHeld(kind: ChannelKind, name: string): void {
    if (!this.#outage || this.#isDelivering || this.#waiting.length === 0) return;
    const subscription = this.#subscriptions[kind].get(name);
    for (let index = 0; index < this.#waiting.length; index++) {
      if (this.#waiting.at(index)?.subscription !== subscription) continue;
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
      if (this.#subscriptions[kind].size > this.#clientListeners.count(kind))
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

  maySubscribe(subscription: RedisSubscription): boolean {
    return this.#refusals.allows(subscription);
  }

  subscribe(subscription: RedisSubscription, binary: boolean, isAnew: boolean): void {
    this.#commands.request(isAnew ? 'resubscribe' : 'subscribe', subscription, binary);
  }

  unsubscribe(subscription: RedisSubscription, binary: boolean): void {
    this.#commands.request('unsubscribe', subscription, binary);
  }

  fence(onPassed: () => void): void {
    this.#commands.fence(onPassed);
  }

  isShared(subscription: RedisSubscription): boolean {
    return this.#clientListeners.isShared(subscription);
  }

  forget(subscription: RedisSubscription): boolean {
    return this.#clientListeners.forget(subscription);
  }

  isRefusal(error: unknown): boolean {
    return this.#commands.isRefusal(error) && this.#host?.isPassing(error) !== true;
  }

  answered(subscription: RedisSubscription, isRefused: boolean): void {
    if (isRefused) this.#refusals.add(subscription);
    else this.#refusals.remove(subscription);
  }

  retryLater(subscription: RedisSubscription, failures: number): void {
    const delay = Math.min(FIRST_RETRY * 2 ** failures, LAST_RETRY);
    const retry = asyncScheduler.schedule(() => {
      this.#retries.remove(retry);
      transition(() => subscription.reconcile());
    }, delay);
    this.#retries.add(retry);
  }

  settled(listener: HubListener, as: 'served' | 'gone'): void {
    this.#outage?.settle(listener, as);
    if (!this.#isResuming) this.#endOutageIfOver();
  }

  remove(subscription: RedisSubscription): void {
    if (this.#subscriptions[subscription.kind].get(subscription.name) === subscription) {
      this.#subscriptions[subscription.kind].delete(subscription.name);
      this.#refusals.leave(subscription);
      this.#host?.onRemoved(subscription.kind, subscription.name);
    }
    this.#refresh();
  }

  /** Lets go of a name without a command: Redis has dropped it here, or is about to. */
  evict(kind: ChannelKind, name: string): Eviction | undefined {
    const subscription = this.#subscriptions[kind].get(name);
    if (!subscription) return undefined;
    const outage = this.#outage;
    const { isLive } = subscription;
    const affected = subscription.listeners.filter((listener) => isLive || outage?.affected.has(listener));
    const since = outage?.since ?? this.#heardAt;
    this.#subscriptions[kind].delete(name);
    const listeners = subscription.evict();
    for (const listener of listeners) outage?.settle(listener, 'gone');
    this.#endOutageIfOver();
    this.#refresh();
    return { listeners, affected, since };
  }

  /** Takes over who was let go of elsewhere: a gap follows for the affected once they are served here. */
  adopt(kind: ChannelKind, name: string, { listeners, affected, since }: Eviction): void {
    if (affected.length > 0) this.#begin(since, affected);
    for (const listener of listeners) this.attach(kind, name, listener);
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
      this.#begin(this.#heardAt, this.#liveListeners());
      for (const watcher of this.#watchers.all()) tell(() => watcher.onDisconnected(error));
      if (this.#isTooMuchForOneCommand()) this.onResubscribeRefused();
      for (const subscription of this.#allSubscriptions()) subscription.onOffline();
      this.#commands.restart();
    });
  }

  onStillOffline(error: Error | undefined): void {
    if (this.#waiting.length > 0) this.onOffline(error);
    else transition(() => this.#allSubscriptions().forEach((subscription) => subscription.reconcile()));
  }

  onResubscribeRefused(): void {
    for (const subscription of this.#allSubscriptions()) subscription.onResubscribeRefused();
  }

  onOnline(): void {
    this.#inspection.reset();
    this.#soundAt = this.now;
    this.#isResuming = true;
    this.batch(() => {
      for (const subscription of this.#allSubscriptions()) subscription.onOnline();
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
      const subscriptions = this.#allSubscriptions();
      for (const map of Object.values(this.#subscriptions)) map.clear();
      for (const subscription of subscriptions) subscription.end(error);
      for (const watcher of this.#watchers.all()) tell(() => watcher.onClientEnded(this, error));
      this.#commands.restart();
      this.#updateBlocked();
      this.#refresh();
    });
  }

  /** Replies may be missing, so that no operation in flight can be relied on. */
  onReaderFailed(): void {
    transition(() => {
      this.#commands.restart();
      this.#recover(this.#allSubscriptions(), this.#heardAt);
    });
  }

  onShardMoved(name: string): void {
    const subscription = this.#subscriptions.shard.get(name);
    if (subscription) transition(() => this.#recover([subscription], this.#heardAt));
  }

  onUnsubscribed(kind: ChannelKind, names: readonly string[] | undefined, since: number): void {
    const lost = this.#named(kind, names).filter(
      (subscription) => subscription.isSettled && !this.#clientListeners.isRegistered(subscription),
    );
    if (lost.length > 0) transition(() => this.#recover(lost, since));
  }

  onDropped(kind: ChannelKind, names: readonly string[] | undefined, since: number): void {
    transition(() => this.#recover(this.#named(kind, names), since));
  }

  onHandoff(): void {
    void this.#inspection.demand();
  }

  onSound(askedAt: number): void {
    this.#soundAt = askedAt;
  }

  onShort(kind: ChannelKind): void {
    transition(() => this.#recover([...this.#subscriptions[kind].values()], this.#soundAt));
  }

  /** Subscribes names again that Redis may have dropped: an outage of these alone. */
  #recover(subscriptions: readonly RedisSubscription[], since: number): void {
    const affected = subscriptions.filter(({ isLive }) => isLive).flatMap(({ listeners }) => listeners);
    this.#begin(since, affected);
    this.#commands.batch(() => {
      for (const subscription of subscriptions) subscription.restart();
    });
  }

  #named(kind: ChannelKind, names: readonly string[] | undefined): RedisSubscription[] {
    const subscriptions = this.#subscriptions[kind];
    return names ? names.flatMap((name) => subscriptions.get(name) ?? []) : [...subscriptions.values()];
  }

  /** When something was last heard; nothing is missing from before anything was attached. */
  get #heardAt(): number {
    return this.#heard.at || this.#soundAt;
  }

  #liveListeners(): HubListener[] {
    return this.#allSubscriptions().flatMap((subscription) =>
      subscription.isLive ? subscription.listeners : [],
    );
  }

  /** Returns whether the client's own resubscription, one command for all names of a kind, would be too large. */
  #isTooMuchForOneCommand(): boolean {
    return Object.values(this.#subscriptions).some((subscriptions) => {
      let characters = 0;
      for (const name of subscriptions.keys()) characters += name.length;
      return subscriptions.size > MOST_NAMES || characters > MOST_CHARACTERS;
    });
  }

  #deliver(
    subscription: RedisSubscription,
    data: string | Buffer,
    channel: string,
    binary: boolean,
    rawChannel: Buffer | undefined,
  ): void {
    // What most messages take: a stream that keeps its own order needs nothing held for it.
    if (!binary && !this.#isBlocked) {
      if (!this.#heard.isFresh && subscription.counts(binary)) this.#heard.noteMessage();
      try {
        if (subscription.deliverByFastPath(data, channel)) return;
      } catch (error) {
        return reportUnhandled(error);
      }
    }
    this.#deliverInTurn({ subscription, data, channel, binary, rawChannel });
  }

  #deliverInTurn(delivery: Delivery): void {
    const { subscription, binary } = delivery;
    if (!subscription.counts(binary)) return;
    this.#heard.noteMessage();
    if (!subscription.isSettled) transition(() => subscription.noteArrival());
    if (this.#isBlocked) return this.#hold(delivery);
    this.#run(delivery);
    if (this.#waiting.length > 0) this.#flush();
  }

  #run({ subscription, data, channel, binary, rawChannel }: Delivery): void {
    this.#isBlocked = this.#isDelivering = true;
    try {
      subscription.deliver(data, channel, binary, rawChannel);
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
  #begin(since: number, affected: readonly HubListener[]): void {
    this.#outage?.widen(since);
    if (affected.length === 0) return;
    const outage = (this.#outage ??= new Outage(since));
    for (const listener of affected) outage.add(listener);
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

  #allSubscriptions(): RedisSubscription[] {
    return Object.values(this.#subscriptions).flatMap((subscriptions) => [...subscriptions.values()]);
  }
}
