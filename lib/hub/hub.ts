import { asyncScheduler } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import { tell, transition } from '../outbox.js';
import { READER_DEFAULTS } from '../reader/reader-mode.js';
import type { ServerClient } from './client.js';
import { ClientListeners } from './client-listeners.js';
import { ClientReader } from './client-reader.js';
import { Connection, type ConnectionObserver } from './connection.js';
import { Delivery, type DeliveryHost } from './delivery.js';
import type { Eviction } from './eviction.js';
import { ForeignCommands } from './foreign-commands.js';
import type { HubHost } from './hub-host.js';
import { notify, type HubListener, type Leave } from './hub-listener.js';
import { LastHeard } from './last-heard.js';
import { Outages } from './outages.js';
import type { PubSubHub, Watcher } from './pub-sub-hub.js';
import { Recovery, type RecoveryHost } from './recovery.js';
import { RedisSubscription } from './redis-subscription.js';
import type { SubscriptionHost } from './subscription-host.js';
import { Refusals } from './refusals.js';
import { Retries } from './retries.js';
import { SubscribeCommands } from './subscribe-commands.js';
import { liveListenersOf, SubscriptionRegistry } from './subscription-registry.js';
import { Watchers } from './watchers.js';

/** The subscriptions of one client, shared by all Receivers of this package on that client. */
export class Hub
  implements PubSubHub, SubscriptionHost<RedisSubscription>, ConnectionObserver, DeliveryHost, RecoveryHost
{
  readonly client: ServerClient;
  readonly subscriptions = new SubscriptionRegistry();
  readonly heard = new LastHeard();
  readonly clientListeners: ClientListeners;
  readonly commands: SubscribeCommands;
  readonly outages: Outages;
  readonly #delivery: Delivery;
  readonly #connection: Connection;
  readonly #recovery: Recovery;
  readonly #foreign: ForeignCommands;
  readonly #reader: ClientReader;
  readonly #host: HubHost | undefined;
  readonly #watchers = new Watchers(() => this.#refresh());
  readonly refusals = new Refusals();
  readonly retries = new Retries();

  constructor(client: ServerClient, host?: HubHost) {
    this.client = client;
    this.#host = host;
    this.#connection = new Connection(client, this);
    this.#reader = new ClientReader(client);
    this.#delivery = new Delivery(this, this.heard);
    this.outages = new Outages(this, this.#watchers, this.#delivery);
    this.clientListeners = new ClientListeners(client, this.subscriptions.byKind, this.#delivery.deliver);
    this.#recovery = new Recovery(this);
    this.#foreign = new ForeignCommands(client, this.#recovery, () => asyncScheduler.now());
    this.commands = new SubscribeCommands(client, this.clientListeners, this.#foreign, this.#recovery);
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

  /** Returns whether no name has a subscription. */
  get isEmpty(): boolean {
    return this.subscriptions.size === 0;
  }

  batch(work: () => void): void {
    transition(() => this.commands.batch(work));
  }

  attach(kind: SubscriptionKind, name: string, listener: HubListener): void {
    transition(() => {
      const known = this.subscriptions.get(kind, name);
      // Redis may have dropped the name since it was subscribed.
      if (known) this.verify(kind, name);
      (known ?? this.#add(kind, name)).attach(listener);
    });
  }

  detach(kind: SubscriptionKind, name: string, listener: HubListener, leave: Leave): void {
    transition(() => this.subscriptions.get(kind, name)?.detach(listener, leave));
  }

  updateFastPath(kind: SubscriptionKind, name: string): void {
    this.subscriptions.get(kind, name)?.updateFastPath();
  }

  deliverHeld(kind: SubscriptionKind, name: string): void {
    if (this.#delivery.waiting === 0 || this.#delivery.isDelivering) return;
    if (this.#delivery.holds(this.subscriptions.get(kind, name))) this.outages.split();
  }

  check(): void {
    this.#connection.check();
  }

  verify(kind: SubscriptionKind, name: string): void {
    this.#recovery.verify(kind, name);
  }

  inspect(): Promise<void> {
    return this.#recovery.inspect();
  }

  serversOf(): readonly ServerClient[] {
    return [this.client];
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher, this);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.remove(watcher);
  }

  isRefusal(error: unknown): boolean {
    return this.commands.isRefusal(error) && this.#host?.isPassing(error) !== true;
  }

  recover(subscription: RedisSubscription): void {
    this.#recovery.recover(subscription);
  }

  remove(subscription: RedisSubscription): void {
    this.subscriptions.delete(subscription);
    this.refusals.leave(subscription);
    this.#host?.onRemoved(subscription.kind, subscription.name);
    if (this.isEmpty) this.#refresh();
  }

  /** Gives up a name without a command: Redis has dropped it here, or is about to. */
  evict(kind: SubscriptionKind, name: string): Eviction | undefined {
    const subscription = this.subscriptions.get(kind, name);
    if (!subscription) return undefined;
    const affected = subscription.listeners.filter(
      (listener) => subscription.isLive || this.outages.affects(listener),
    );
    const since = this.outages.since ?? this.#recovery.heardAt;
    this.subscriptions.delete(subscription);
    this.refusals.leave(subscription);
    const listeners = subscription.end();
    for (const listener of listeners) tell(notify.interrupted, listener);
    this.outages.leave(listeners);
    this.#refresh();
    return { listeners, affected, since };
  }

  /** Takes over the listeners of a name that another hub has evicted; a gap follows once they are served here. */
  adopt(kind: SubscriptionKind, name: string, { listeners, affected, since }: Eviction): void {
    if (affected.length > 0) this.outages.begin(since, affected);
    for (const listener of listeners) this.attach(kind, name, listener);
  }

  /** Discards conclusions drawn from messages received since that moment. */
  doubt(since: number): void {
    this.heard.doubt(since);
    this.outages.widen(since);
  }

  onHeard(): void {
    this.heard.note();
  }

  onOffline(error: Error | undefined): void {
    transition(() => {
      if (this.#delivery.waiting > 0 && !this.#delivery.isDelivering) this.outages.split();
      const subscriptions = this.subscriptions.all();
      this.outages.begin(this.#recovery.heardAt, liveListenersOf(subscriptions));
      for (const watcher of this.#watchers.all()) tell(() => watcher.onDisconnected(error));
      if (this.subscriptions.isTooMuchForOneCommand) this.onResubscribeRefused();
      for (const subscription of subscriptions) subscription.onOffline();
      this.commands.restart();
    });
  }

  onStillOffline(error: Error | undefined): void {
    if (this.#delivery.waiting > 0) this.onOffline(error);
    else transition(() => this.subscriptions.all().forEach((subscription) => subscription.reconcile()));
  }

  onResubscribeRefused(): void {
    for (const subscription of this.subscriptions.all()) subscription.onResubscribeRefused();
  }

  onOnline(): void {
    this.#recovery.reset('online');
    this.outages.resume(() =>
      this.batch(() => {
        for (const subscription of this.subscriptions.all()) subscription.onOnline();
      }),
    );
    this.heard.restart();
    void this.inspect();
  }

  onEnded(error: Error | undefined): void {
    transition(() => {
      this.outages.endWithClient();
      this.retries.clear();
      this.refusals.clear();
      const subscriptions = this.subscriptions.all();
      this.subscriptions.clear();
      for (const subscription of subscriptions)
        for (const listener of subscription.end()) tell(() => listener.onEnded(error));
      for (const watcher of this.#watchers.all()) tell(() => watcher.onClientEnded(this, error));
      this.commands.restart();
      this.#refresh();
    });
  }

  onReaderFailed(): void {
    this.#recovery.recoverAll();
  }

  onShardMoved(name: string): void {
    this.#recovery.recover(...this.subscriptions.named('shard', [name]));
  }

  #add(kind: SubscriptionKind, name: string): RedisSubscription {
    const subscription = new RedisSubscription(this, kind, name);
    this.subscriptions.add(subscription);
    if (this.subscriptions.size > 1) return subscription;
    this.#recovery.reset('empty');
    this.#refresh();
    return subscription;
  }

  /** Watches the client only while a Receiver needs it. */
  #refresh(): void {
    const isNeeded = this.#watchers.size > 0 || !this.isEmpty;
    for (const part of [this.#connection, this.#foreign]) part[isNeeded ? 'watch' : 'unwatch']();
    this.#reader.isWanted = isNeeded && (this.#watchers.reader ?? READER_DEFAULTS.borrowed) === 'fast';
    if (!isNeeded) this.heard.rest();
    this.#recovery.every(isNeeded && this.client.sendCommand ? this.#watchers.heartbeat : 0);
  }
}
