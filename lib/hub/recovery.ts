import { asyncScheduler, interval, Subscription } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import { transition } from '../outbox.js';
import type { ServerClient } from './client.js';
import type { ClientListeners } from './client-listeners.js';
import type { ForeignCommandsObserver } from './foreign-commands.js';
import { Inspection, type InspectionHost } from './inspection.js';
import type { LastHeard } from './last-heard.js';
import type { Outages } from './outages.js';
import type { RedisSubscription } from './redis-subscription.js';
import type { CommandsObserver, SubscribeCommands } from './subscribe-commands.js';
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
  /** Notices a client that was closed without an event. */
  check(): void;
}

const KINDS: readonly SubscriptionKind[] = ['channel', 'pattern', 'shard'];
/** Milliseconds to wait for an answer in `inspect`. */
const INSPECTION_PATIENCE = 2_000;

/**
 * The comparison of the wanted subscriptions with those that the client and Redis have. Missing names are subscribed again,
 * with an outage of these names alone.
 */
export class Recovery implements ForeignCommandsObserver, CommandsObserver, InspectionHost {
  readonly #host: RecoveryHost;
  readonly #inspection: Inspection;
  /** Epoch milliseconds: when Redis was last known to have all subscriptions that the client believes to have. */
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

  /** Epoch milliseconds: the time of the last sign of life. No messages are missing from before the first subscription. */
  get heardAt(): number {
    return this.#host.heard.at || this.#soundAt;
  }

  /** Starts anew when nothing is subscribed, or when the client has just resubscribed everything. */
  reset(cause: 'empty' | 'online'): void {
    this.#soundAt = this.now;
    if (cause === 'online') this.#inspection.reset();
  }

  /** Repeats the comparison at this interval, in milliseconds; 0 stops the repetition. */
  every(heartbeat: number): void {
    if (heartbeat === this.#heartbeat) return;
    this.#heartbeat = heartbeat;
    this.#beat.unsubscribe();
    if (heartbeat > 0) this.#beat = interval(heartbeat, asyncScheduler).subscribe(() => this.#onBeat());
  }

  /** Resubscribes a name that the client has no listener for any more. */
  verify(kind: SubscriptionKind, name: string): void {
    this.onUnsubscribed(kind, [name], this.#soundAt);
  }

  /** Compares all subscriptions; resolves when Redis has answered, or will not answer. */
  async inspect(): Promise<void> {
    const { subscriptions, clientListeners, client } = this.#host;
    // Checking each name here would cost too much: the heartbeat does that.
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

  /** Resubscribes everything after the reader failed: replies may be lost, so no operation in flight is reliable. */
  recoverAll(): void {
    transition(() => {
      this.#host.commands.restart();
      this.#recover(this.#host.subscriptions.all(), this.heardAt);
    });
  }

  /** Resubscribes names that Redis or the client has dropped. */
  recover(...subscriptions: readonly RedisSubscription[]): void {
    transition(() => this.#recover(subscriptions, this.heardAt));
  }

  onUnsubscribing(kind: SubscriptionKind, names: readonly string[] | undefined): void {
    for (const subscription of this.#host.subscriptions.named(kind, names)) subscription.doubt();
  }

  onUnsubscribed(kind: SubscriptionKind, names: readonly string[] | undefined, since: number): void {
    const lost = this.#host.subscriptions
      .named(kind, names)
      .filter(
        (subscription) => subscription.isConfirmed && !this.#host.clientListeners.isRegistered(subscription),
      );
    if (lost.length > 0) transition(() => this.#recover(lost, since));
  }

  onDropped(kind: SubscriptionKind, names: readonly string[] | undefined, since: number): void {
    transition(() => this.#recover(this.#host.subscriptions.named(kind, names), since));
  }

  onAnswered(): void {
    this.#host.commands.sendMore();
  }

  onHandoff(): void {
    void this.#inspection.demand();
  }

  onHeard(): void {
    this.#host.heard.note();
  }

  /** Asks Redis again after operations in flight have spoiled a required answer: at once, so that no later loss counts. */
  onQuiet(): void {
    if (this.#inspection.isOwed) void this.#inspection.runAnew();
  }

  onSound(askedAt: number): void {
    this.#soundAt = askedAt;
  }

  onShort(kind: SubscriptionKind): void {
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
