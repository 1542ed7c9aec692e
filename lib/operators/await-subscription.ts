import { asapScheduler, type Subscription } from 'rxjs';
import type { Attempt, ChannelFeed } from '../channel/channel-feed.js';
import type { Channel } from '../channel/channel.js';

/** The key under which a Channel of any copy of this package has its feed. */
const FEED = Symbol.for('rx-redis-receiver.feed.1');

function feedOf(channel: Channel<unknown>): ChannelFeed<unknown> {
  return (channel as unknown as { readonly [FEED]: ChannelFeed<unknown> })[FEED];
}

/** Whether a Channel's acknowledgement is still to come: it is wanted, open, and not subscribed. */
export function isAwaited(channel: Channel<unknown>, wantedBy: 'observers' | 'receiver'): boolean {
  const feed = feedOf(channel);
  // The Receiver gives up a Channel that Redis has refused.
  return feed.isOpen && !feed.isServed && (wantedBy === 'observers' || feed.isMerged);
}

/** The Channels whose acknowledgement is still to come. */
export class AwaitedChannels {
  readonly #onChange: () => void;
  readonly #attempts = new Map<Channel<unknown>, Attempt>();
  #check: Subscription | undefined;

  /** @param onChange hears that a Channel is awaited no more, and no event has said so: it was closed, as a rule */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get isEmpty(): boolean {
    return this.#attempts.size === 0;
  }

  add(channel: Channel<unknown>): void {
    if (this.#attempts.has(channel)) return;
    const attempt: Attempt = { done: () => this.#checkSoon(), refuse: () => false };
    this.#attempts.set(channel, attempt);
    const feed = feedOf(channel);
    feed.attempts = [...feed.attempts, attempt];
  }

  /** Waits no longer for a Channel. */
  remove(channel: Channel<unknown>): void {
    const attempt = this.#attempts.get(channel);
    if (!attempt) return;
    this.#attempts.delete(channel);
    const feed = feedOf(channel);
    feed.attempts = feed.attempts.filter((other) => other !== attempt);
  }

  clear(): void {
    for (const channel of [...this.#attempts.keys()]) this.remove(channel);
    this.#check?.unsubscribe();
  }

  /** Later, because the Channel is in the middle of its change. */
  #checkSoon(): void {
    if (this.#check?.closed === false) return;
    this.#check = asapScheduler.schedule(() => {
      this.#check?.unsubscribe();
      for (const channel of [...this.#attempts.keys()]) {
        const feed = feedOf(channel);
        const isOver = !feed.isOpen || feed.isServed;
        // The Channel has told all its attempts, and forgotten them.
        this.remove(channel);
        if (!isOver) this.add(channel);
      }
      this.#onChange();
    });
  }
}
