import { asyncScheduler } from 'rxjs';
import { NOT_OPEN } from '../channel/attachment.js';
import type { ChannelCore } from '../channel/channel-core.js';
import { SubscribeError } from '../errors/errors.js';
import { Grace } from '../channel/grace.js';
import { batchOn, type PubSubHub, type Watcher } from '../hub/pub-sub-hub.js';
import { transition } from '../outbox.js';
import { LinkedMap } from '../queue/linked-map.js';
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
  /** The number of the last of these Channels. */
  readonly until: number;
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
  /** The Channels whose subscription is not acknowledged, numbered in the order in which they began to wait. */
  readonly #unserved = new LinkedMap<ChannelCore<unknown>, number>();
  #lastNumber = 0;
  /** The number of the last of these Channels that was subscribed before. */
  #lastInterrupted = 0;
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
      return this.#served(this.#lastNumber);
    });
    const last = this.#lastNumber;
    // The grace period of observers that have just left ends with the turn: their subscriptions are gone when connect() resolves.
    if (isDeserted) await new Promise<void>((resolve) => void asyncScheduler.schedule(() => resolve()));
    await Promise.all([...registry.hubs].map((hub) => hub.inspect()));
    if (this.#lastInterrupted > last) await this.#served(this.#lastInterrupted);
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
    this.#lastInterrupted = this.#lastNumber;
  }

  /** Notes that a Channel was refused; returns true if a `connect()` rejects with the error. */
  refuse(core: ChannelCore<unknown>, error: SubscribeError): boolean {
    const number = this.#unserved.get(core) ?? Infinity;
    let isTold = false;
    for (let index = 0; index < this.#attempts.length; index++) {
      const attempt = this.#attempts.at(index) as Attempt;
      if (attempt.until < number || attempt.error) continue;
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
    if (!this.#unserved.has(core)) this.#unserved.append(core, ++this.#lastNumber);
  }

  #settle(core: ChannelCore<unknown>): void {
    this.#unserved.delete(core);
    this.#settleAttempts();
  }

  #settleAttempts(): void {
    const first = this.#unserved.oldest?.value ?? Infinity;
    for (let next = this.#attempts.at(0); next && next.until < first; next = this.#attempts.at(0)) {
      this.#attempts.shift();
      if (next.error) next.reject(next.error);
      else next.resolve();
    }
  }

  /** Resolves when the Channels up to this number are acknowledged or closed; rejects with the first refusal. */
  #served(until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#attempts.push({ until, error: undefined, resolve, reject });
      this.#settleAttempts();
    });
  }

  #disconnect(): void {
    this.#isConnected = false;
    this.#unserved.clear();
    this.#refused.clear();
    this.#settleAttempts();
    this.#options.hub.unwatch(this.#options.watcher);
  }

  #isNeeded(): boolean {
    return this.#isPinned || this.#iterators > 0 || this.#options.isObserved();
  }
}
