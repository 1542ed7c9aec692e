import type { RedisSubscription } from './redis-subscription.js';

/**
 * The largest number of names, and of characters in them, in commands that are not yet acknowledged. Redis repeats each name
 * in its acknowledgement, and closes a connection with too much unread output (`client-output-buffer-limit pubsub`, 32 MiB
 * by default).
 */
export const MOST_NAMES = 4_096;
export const MOST_CHARACTERS = 131_072;

/** The size of a command in flight. */
export interface Load {
  readonly names: number;
  readonly characters: number;
}

/** The names in commands that Redis has not acknowledged yet. */
export class CommandsInFlight {
  #names = 0;
  #characters = 0;

  get isEmpty(): boolean {
    return this.#names === 0;
  }

  add(subscriptions: readonly RedisSubscription[]): Load {
    let characters = 0;
    for (const { name } of subscriptions) characters += name.length;
    this.#names += subscriptions.length;
    this.#characters += characters;
    return { names: subscriptions.length, characters };
  }

  remove({ names, characters }: Load): void {
    this.#names -= names;
    this.#characters -= characters;
  }

  /** Takes the subscriptions that may go out now off the list; returns the list itself if all may, undefined if none may. */
  take(subscriptions: RedisSubscription[]): RedisSubscription[] | undefined {
    let count = 0;
    let length = this.#characters;
    for (; count < subscriptions.length && this.#names + count < MOST_NAMES; count++) {
      length += (subscriptions[count] as RedisSubscription).name.length;
      if (length > MOST_CHARACTERS && this.#names + count > 0) break;
    }
    if (count === 0 && subscriptions.length > 0) return undefined;
    return count === subscriptions.length ? subscriptions : subscriptions.splice(0, count);
  }
}
