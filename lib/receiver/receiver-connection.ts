import { asyncScheduler } from 'rxjs';
import { NOT_OPEN } from '../channel/attachment.js';
import type { ChannelCore } from '../channel/channel-core.js';
import type { Unserved } from '../channel/channel-life.js';
import { SubscribeError } from '../errors/errors.js';
import { Grace } from '../channel/grace.js';
import { batchOn, type PubSubHub, type Watcher } from '../hub/pub-sub-hub.js';
import { transition } from '../outbox.js';
import { Ring } from '../queue/ring.js';
import type { Registry } from './registry.js';

export interface ReceiverConnectionOptions {
  readonly hub: PubSubHub;
  readonly registry: Registry;
  readonly watcher: Watcher;
  readonly isObserved: () => boolean;
}

/** One `connect()` in progress, until each Channel that was unserved at its start is acknowledged, refused or closed. */
interface Attempt {
  /** The last of these Channels. The earlier attempts have the others, and end before. */
  readonly unserved: Unserved;
  error: Error | undefined;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * The connection of a Receiver. A Receiver is connected from `connect()` or the first pull until its end, or else while it has an
 * observer or a running iterator. While it is connected, all registered Channels are subscribed.
 */
export class ReceiverConnection {
  readonly #options: ReceiverConnectionOptions;
  readonly #grace = new Grace();
  #isConnected = false;
  #isPinned = false;
  #iterators = 0;
  /** The Channels that wait, and that the next attempt will wait for. */
  #unserved: Unserved = { count: 0 };
  #interruptions = 0;
  /** The Channels that Redis has refused. Only `connect()` or an observer makes another attempt. */
  readonly #refused = new Set<ChannelCore<unknown>>();
  readonly #attempts = new Ring<Attempt>();

  constructor(options: ReceiverConnectionOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** True if the Receiver stays connected until its end. */
  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** The error of a Receiver that cannot connect. */
  get obstacle(): SubscribeError | undefined {
    const { hub, registry } = this.#options;
    if (hub.isOpen) return undefined;
    const cores = registry.all();
    const own = cores.find((core) => (core.hub.base ?? core.hub) === hub);
    if (cores.length > 0 && !own) return undefined;
    return new SubscribeError(own?.kind, own?.name, NOT_OPEN);
  }

  /** Connects until the end; the promise settles when each Channel is acknowledged or refused, and Redis has confirmed it. */
  async connect(): Promise<void> {
    const { obstacle } = this;
    if (obstacle) throw obstacle;
    const { registry } = this.#options;
    const cores = this.#isConnected ? [...this.#refused] : this.#registered();
    const isDeserted = !this.#isConnected && cores.length < registry.size;
    await transition(() => {
      this.#grace.cancel();
      this.#isPinned = true;
      this.#subscribe(cores);
      return this.#served();
    });
    const before = this.#interruptions;
    // The grace period of observers that have just left ends with the turn: their subscriptions are gone when connect() resolves.
    if (isDeserted) await new Promise<void>((resolve) => void asyncScheduler.schedule(() => resolve()));
    await Promise.all([...registry.hubs].map((hub) => hub.inspect()));
    if (this.#interruptions > before) await this.#served();
  }

  /** Connects for a consumer; `'pin'`: until the end. */
  use(pin: 'pin' | 'while-used'): void {
    this.#grace.cancel();
    if (pin === 'pin') this.#isPinned = true;
    if (!this.#isConnected) this.#subscribe(this.#registered());
  }

  /** Subscribes a newly registered Channel if the Receiver is connected. */
  add(core: ChannelCore<unknown>): void {
    if (this.#isConnected && !core.topic?.isSeparate) this.#subscribe([core]);
  }

  /** Counts the running iterators. */
  countIterators(change: 1 | -1): void {
    this.#iterators += change;
    if (change === 1) this.#grace.cancel();
    else this.leave();
  }

  /** Disconnects after the grace period if no consumer is left. */
  leave(): void {
    if (this.#isNeeded() || !this.#isConnected) return;
    this.#grace.start(() => {
      if (this.#isNeeded() || !this.#isConnected) return;
      transition(() => {
        this.#disconnect();
        const cores = this.#options.registry.all();
        batchOn(cores, () => {
          for (const core of cores) core.setMerged(false);
        });
      });
    });
  }

  /** Notes that a Channel is subscribed or closed. */
  done(core: ChannelCore<unknown>): void {
    this.#refused.delete(core);
    this.#settle(core);
  }

  /** Notes that a Channel is not subscribed for the moment. */
  interrupted(core: ChannelCore<unknown>): void {
    if (!this.#isConnected || !core.isMerged) return;
    this.#expect(core);
    this.#interruptions++;
  }

  /** Notes that a Channel was refused; returns true if a `connect()` rejects with the error. */
  refuse(core: ChannelCore<unknown>, error: SubscribeError): boolean {
    let isAwaited = false;
    let isTold = false;
    for (let index = 0; index < this.#attempts.length; index++) {
      const attempt = this.#attempts.at(index) as Attempt;
      isAwaited ||= attempt.unserved === core.unserved;
      if (!isAwaited || attempt.error) continue;
      attempt.error = error;
      isTold = true;
    }
    if (this.#isConnected) this.#refused.add(core);
    this.#settle(core);
    return isTold;
  }

  end(reason: Error): void {
    this.#grace.cancel();
    for (let attempt = this.#attempts.shift(); attempt; attempt = this.#attempts.shift())
      attempt.reject(reason);
    if (this.#isConnected) this.#disconnect();
  }

  /** Returns the Channels to merge, except those whose observers have just left: these are about to be forgotten. */
  #registered(): readonly ChannelCore<unknown>[] {
    return this.#options.registry.all().filter(({ isDeserted, topic }) => !isDeserted && !topic?.isSeparate);
  }

  #subscribe(cores: readonly ChannelCore<unknown>[]): void {
    transition(() => {
      if (!this.#isConnected) this.#options.hub.watch(this.#options.watcher);
      this.#isConnected = true;
      batchOn(cores, () => {
        for (const core of cores) {
          this.#refused.delete(core);
          if (!core.isServed) this.#expect(core);
          core.setMerged(true);
        }
      });
    });
  }

  #expect(core: ChannelCore<unknown>): void {
    if (core.unserved) return;
    core.unserved = this.#unserved;
    core.unserved.count++;
  }

  #settle(core: ChannelCore<unknown>): void {
    if (!core.unserved) return;
    core.unserved.count--;
    core.unserved = undefined;
    this.#settleAttempts();
  }

  #settleAttempts(): void {
    for (let next = this.#attempts.at(0); next?.unserved.count === 0; next = this.#attempts.at(0)) {
      this.#attempts.shift();
      if (next.error) next.reject(next.error);
      else next.resolve();
    }
  }

  /** Resolves when the Channels that wait now are acknowledged or closed; rejects with the first refusal. */
  #served(): Promise<void> {
    const unserved = this.#unserved;
    this.#unserved = { count: 0 };
    return new Promise((resolve, reject) => {
      this.#attempts.push({ unserved, error: undefined, resolve, reject });
      this.#settleAttempts();
    });
  }

  #disconnect(): void {
    this.#isConnected = false;
    for (const core of this.#options.registry.all()) this.#settle(core);
    this.#refused.clear();
    this.#options.hub.unwatch(this.#options.watcher);
  }

  #isNeeded(): boolean {
    return this.#isPinned || this.#iterators > 0 || this.#options.isObserved();
  }
}
