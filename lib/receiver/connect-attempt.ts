import type { ChannelFeed } from '../channel/channel-feed.js';

/** One `connect()` under way: done when each of its Channels is acknowledged or refused. */
export class ConnectAttempt {
  readonly promise: Promise<void>;
  readonly #waiting: Set<ChannelFeed<unknown>>;
  #settle!: { resolve(): void; reject(error: Error): void };
  #error: Error | undefined;

  constructor(feeds: readonly ChannelFeed<unknown>[]) {
    this.#waiting = new Set(feeds);
    this.promise = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
  }

  /** Settles once nothing is waited for any more. */
  check(): void {
    if (this.#waiting.size > 0) return;
    if (this.#error) this.#settle.reject(this.#error);
    else this.#settle.resolve();
  }

  /** The Channel is subscribed, or closed. */
  done(feed: ChannelFeed<unknown>): void {
    if (this.#waiting.delete(feed)) this.check();
  }

  /** The Channel was refused; true if it is this attempt that rejects with the error, which nobody else has to tell. */
  refuse(feed: ChannelFeed<unknown>, error: Error): boolean {
    if (!this.#waiting.delete(feed)) return false;
    const isFirst = this.#error === undefined;
    this.#error ??= error;
    this.check();
    return isFirst;
  }

  abort(error: Error): void {
    this.#settle.reject(error);
  }
}
