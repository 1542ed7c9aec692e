import { coreOf } from '../channel/core-of.js';
import type { Channel } from '../channel.js';
import { tell } from '../outbox.js';

/** Returns whether a Channel's acknowledgement is still to come: it is wanted, open, and not subscribed. */
export function isAwaited(channel: Channel<unknown>, wantedBy: 'observers' | 'receiver'): boolean {
  const core = coreOf(channel);
  // The Receiver gives up a Channel that Redis has refused.
  return core.isOpen && !core.isServed && (wantedBy === 'observers' || core.isMerged);
}

/** The Channels whose acknowledgement is still to come. */
export class AwaitedChannels {
  readonly #onChange: () => void;
  readonly #channels = new Set<Channel<unknown>>();

  /** @param onChange hears that a Channel is awaited no more, and no event has said so: it was closed, as a rule */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get isEmpty(): boolean {
    return this.#channels.size === 0;
  }

  add(channel: Channel<unknown>): void {
    if (this.#channels.has(channel)) return;
    this.#channels.add(channel);
    // The Channel may be in the middle of its change.
    const settle = () =>
      tell(() => {
        if (this.#channels.delete(channel)) this.#onChange();
      });
    coreOf(channel).addWaiter({ resolve: settle, reject: settle });
  }

  /** Waits no longer for a Channel. */
  remove(channel: Channel<unknown>): void {
    this.#channels.delete(channel);
  }

  clear(): void {
    this.#channels.clear();
  }
}
