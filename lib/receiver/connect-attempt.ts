import type { Attempt, ChannelFeed } from '../channel/channel-feed.js';

/** One `connect()` under way: done when each of its Channels is acknowledged or refused. */
export class ConnectAttempt implements Attempt {
  readonly promise: Promise<void>;
  #missing = 0;
  #settle!: { resolve(): void; reject(error: Error): void };
  #error: Error | undefined;

  constructor(feeds: readonly ChannelFeed<unknown>[]) {
    this.promise = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    const alone = [this];
    for (const feed of feeds) {
      if (feed.isServed) continue;
      feed.attempts = feed.attempts.length === 0 ? alone : [...feed.attempts, this];
      this.#missing++;
    }
  }

  /** Settles once nothing is waited for any more. */
  check(): void {
    if (this.#missing > 0) return;
    if (this.#error) this.#settle.reject(this.#error);
    else this.#settle.resolve();
  }

  done(): void {
    this.#missing--;
    this.check();
  }

  refuse(error: Error): boolean {
    const isFirst = this.#error === undefined;
    this.#error ??= error;
    this.done();
    return isFirst;
  }

  abort(error: Error): void {
    this.#settle.reject(error);
  }
}
