import { coreOf } from '../channel/core-of.js';
import type { Channel } from '../channel.js';
import { tell } from '../outbox.js';

/** Returns whether Redis has yet to acknowledge a Channel: the Channel is wanted and open, but not subscribed. */
export function isAwaited(channel: Channel<unknown>, wantedBy: 'observers' | 'receiver'): boolean {
  const core = coreOf(channel);
  // The Receiver gives up a Channel that Redis has refused.
  return core.isOpen && !core.isServed && (wantedBy === 'observers' || core.isMerged);
}

/** Channels that Redis has yet to acknowledge. */
export class AwaitedChannels {
  readonly #onChange: () => void;
  readonly #channels = new Set<Channel<unknown>>();

  /**
   * @param onChange called when a Channel stops being awaited without an event that says so, usually because it was closed
   */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get isEmpty(): boolean {
    return this.#channels.size === 0;
  }

  add(channel: Channel<unknown>): void {
    if (this.#channels.has(channel)) return;
    this.#channels.add(channel);
    // The Channel may be in the middle of a transition: `tell` makes the call after it.
    const settle = () =>
      tell(() => {
        if (this.#channels.delete(channel)) this.#onChange();
      });
    coreOf(channel).addWaiter({ resolve: settle, reject: settle });
  }

  /** Stops waiting for a Channel. */
  remove(channel: Channel<unknown>): void {
    this.#channels.delete(channel);
  }

  clear(): void {
    this.#channels.clear();
  }
}
