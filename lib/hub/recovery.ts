import { asyncScheduler, interval, Subscription } from 'rxjs';
import type { ChannelKind } from '../channel-kind.js';
import { transition } from '../outbox.js';
import type { ServerClient } from './client.js';
import type { ClientListeners } from './client-listeners.js';
import type { ForeignCommandsObserver } from './foreign-commands.js';
import { Inspection, type InspectionHost } from './inspection.js';
import type { LastHeard } from './last-heard.js';
import type { Outages } from './outages.js';
import type { RedisSubscription } from './redis-subscription.js';
import type { SubscribeCommands } from './subscribe-commands.js';
import { liveListenersOf, type SubscriptionRegistry } from './subscription-registry.js';

/** The parts of the hub that the recovery works with. */
export interface RecoveryHost {
  readonly client: ServerClient;
  readonly isOnline: boolean;
  readonly subscriptions: SubscriptionRegistry;
  readonly clientListeners: ClientListeners;
  readonly commands: SubscribeCommands;
  readonly outages: Outages;
  readonly heard: LastHeard;
  /** Notices where the client was closed without a sign. */
  check(): void;
}

const KINDS: readonly ChannelKind[] = ['channel', 'pattern', 'shard'];
/** Milliseconds that `inspect` waits for an answer. */
const INSPECTION_PATIENCE = 2_000;

/**
 * Compares the subscriptions that are wanted with those that the client and Redis have, and subscribes again what is missing:
 * an outage of these names alone.
 */
export class Recovery implements ForeignCommandsObserver, InspectionHost {
  readonly #host: RecoveryHost;
  readonly #inspection: Inspection;
  /** When Redis was last known to have all subscriptions that the client believes to have. */
  #soundAt = 0;
  #heartbeat = 0;
  #beat = Subscription.EMPTY;

  constructor(host: RecoveryHost) {
    this.#host = host;
    this.#inspection = new Inspection(host.client, this);
  }

  get isOnline(): boolean {
    return this.#host.isOnline;
  }

  get now(): number {
    return asyncScheduler.now();
  }

  get quietSince(): number | undefined {
    return this.#host.commands.quietSince;
  }

  /** Epoch milliseconds: when something was last heard. Nothing is missing from before the first subscription. */
  get heardAt(): number {
    return this.#host.heard.at || this.#soundAt;
  }

  /** Starts anew: nothing is subscribed, or the client has just subscribed everything again. */
  reset(cause: 'empty' | 'online'): void {
    this.#soundAt = this.now;
    if (cause === 'online') this.#inspection.reset();
  }

  /** Repeats the comparison after so many milliseconds; 0 ends that. */
  every(heartbeat: number): void {
    if (heartbeat === this.#heartbeat) return;
    this.#heartbeat = heartbeat;
    this.#beat.unsubscribe();
    if (heartbeat > 0) this.#beat = interval(heartbeat, asyncScheduler).subscribe(() => this.#onBeat());
  }

  /** Subscribes a name again that the client has no listener for any more. */
  verify(kind: ChannelKind, name: string): void {
    this.onUnsubscribed(kind, [name], this.#soundAt);
  }

  /** Compares everything; resolves when Redis has answered, or will not. */
  async inspect(): Promise<void> {
    const { subscriptions, clientListeners, client } = this.#host;
    // To look at each name would cost too much here: the heartbeat does.
    for (const kind of KINDS)
      if (subscriptions.byKind[kind].size > clientListeners.count(kind))
        this.onUnsubscribed(kind, undefined, this.#soundAt);
    if (!client.sendCommand) return;
    let timer = Subscription.EMPTY;
    const patience = new Promise<void>((resolve) => {
      timer = asyncScheduler.schedule(() => resolve(), INSPECTION_PATIENCE);
    });
    await Promise.race([this.#inspection.run(), patience]);
    timer.unsubscribe();
  }

  /** Subscribes everything again after the reader failed: no operation in flight can be relied on, for replies may be lost. */
  recoverAll(): void {
    transition(() => {
      this.#host.commands.restart();
      this.#recover(this.#host.subscriptions.all(), this.heardAt);
    });
  }

  /** Subscribes again what Redis or the client has dropped. */
  recover(...subscriptions: readonly RedisSubscription[]): void {
    transition(() => this.#recover(subscriptions, this.heardAt));
  }

  onUnsubscribing(kind: ChannelKind, names: readonly string[] | undefined): void {
    for (const subscription of this.#host.subscriptions.named(kind, names)) subscription.doubt();
  }

  onUnsubscribed(kind: ChannelKind, names: readonly string[] | undefined, since: number): void {
    const lost = this.#host.subscriptions
      .named(kind, names)
      .filter(
        (subscription) => subscription.isSettled && !this.#host.clientListeners.isRegistered(subscription),
      );
    if (lost.length > 0) transition(() => this.#recover(lost, since));
  }

  onDropped(kind: ChannelKind, names: readonly string[] | undefined, since: number): void {
    transition(() => this.#recover(this.#host.subscriptions.named(kind, names), since));
  }

  onHandoff(): void {
    void this.#inspection.demand();
  }

  /** Asks Redis behind the operations in flight, where they have spoiled an answer that is needed. */
  onQuiet(): void {
    if (this.#inspection.isOwed) void this.#inspection.run();
  }

  onSound(askedAt: number): void {
    this.#soundAt = askedAt;
  }

  onShort(kind: ChannelKind): void {
    transition(() => this.#recover(this.#host.subscriptions.named(kind, undefined), this.#soundAt));
  }

  #onBeat(): void {
    this.#host.check();
    for (const kind of KINDS) this.onUnsubscribed(kind, undefined, this.#soundAt);
    if (this.isOnline) void this.inspect();
  }

  #recover(subscriptions: readonly RedisSubscription[], since: number): void {
    this.#host.outages.begin(since, liveListenersOf(subscriptions));
    this.#host.commands.batch(() => {
      for (const subscription of subscriptions) subscription.restart();
    });
  }
}
