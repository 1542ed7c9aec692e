import { NOT_OPEN, type ChannelFeed } from '../channel/channel-feed.js';
import { ConnectAttempt } from './connect-attempt.js';
import { SubscribeError } from '../errors/errors.js';
import { Grace } from '../channel/grace.js';
import { batchOn, type PubSubHub, type Watcher } from '../hub/pub-sub-hub.js';
import type { Registry } from './registry.js';

export interface ReceiverConnectionOptions {
  readonly hub: PubSubHub;
  readonly registry: Registry;
  readonly watcher: Watcher;
  readonly isObserved: () => boolean;
}

/**
 * Whether a Receiver is connected: from `connect()` or the first pull until it ends, or else for as long as it has an
 * observer or a running iterator. While it is, all that is registered is subscribed.
 */
export class ReceiverConnection {
  readonly #options: ReceiverConnectionOptions;
  readonly #grace = new Grace();
  #isConnected = false;
  #isPinned = false;
  #iterators = 0;
  readonly #attempts = new Set<ConnectAttempt>();

  constructor(options: ReceiverConnectionOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whether it stays connected until it ends. */
  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** Why it cannot connect, if it cannot. */
  get obstacle(): SubscribeError | undefined {
    const { hub, registry } = this.#options;
    if (hub.isOpen) return undefined;
    const feeds = registry.all();
    const own = feeds.find((feed) => feed.hub === hub);
    if (feeds.length > 0 && !own) return undefined;
    return new SubscribeError(own?.kind, own?.name, NOT_OPEN);
  }

  /** Connects until the end; settles when every Channel is acknowledged or refused. */
  connect(): Promise<void> {
    const { obstacle } = this;
    if (obstacle) return Promise.reject(obstacle);
    const feeds = this.#options.registry.all();
    const attempt = new ConnectAttempt(feeds);
    this.#attempts.add(attempt);
    this.#isPinned = true;
    this.#subscribe(feeds);
    attempt.check();
    return attempt.promise.finally(() => this.#attempts.delete(attempt));
  }

  /** Connects for one who consumes; `pin`, until the end. */
  use(pin: 'pin' | 'while-used'): void {
    this.#grace.cancel();
    if (pin === 'pin') this.#isPinned = true;
    if (!this.#isConnected) this.#subscribe(this.#options.registry.all());
  }

  /** An iterator runs, or has ended. */
  countIterators(change: 1 | -1): void {
    this.#iterators += change;
    if (change === 1) this.#grace.cancel();
    else this.leave();
  }

  /** One who consumed has left: it stays connected for the grace, and then if somebody else is there. */
  leave(): void {
    if (this.#isNeeded() || !this.#isConnected) return;
    this.#grace.start(() => {
      if (this.#isNeeded() || !this.#isConnected) return;
      this.#disconnect();
      const feeds = this.#options.registry.all();
      batchOn(feeds, () => {
        for (const feed of feeds) feed.setMerged(false);
      });
    });
  }

  /** A Channel is subscribed, or closed. */
  done(feed: ChannelFeed<unknown>): void {
    for (const attempt of feed.takeAttempts()) attempt.done();
  }

  /** A Channel was refused; true if `connect()` rejects with that. */
  refuse(feed: ChannelFeed<unknown>, error: SubscribeError): boolean {
    return feed.takeAttempts().filter((attempt) => attempt.refuse(error)).length > 0;
  }

  end(reason: Error): void {
    this.#grace.cancel();
    for (const attempt of this.#attempts) attempt.abort(reason);
    if (this.#isConnected) this.#disconnect();
  }

  #subscribe(feeds: readonly ChannelFeed<unknown>[]): void {
    this.#grace.cancel();
    if (!this.#isConnected) this.#options.hub.watch(this.#options.watcher);
    this.#isConnected = true;
    batchOn(feeds, () => {
      for (const feed of feeds) feed.setMerged(true);
    });
  }

  #disconnect(): void {
    this.#isConnected = false;
    this.#options.hub.unwatch(this.#options.watcher);
  }

  #isNeeded(): boolean {
    return this.#isPinned || this.#iterators > 0 || this.#options.isObserved();
  }
}
