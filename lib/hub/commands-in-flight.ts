import type { RedisSubscription } from './redis-subscription.js';

/**
 * The most names, and the most characters in them, that are asked for and not yet acknowledged. Redis repeats each name in its
 * acknowledgement, and cuts a connection that has too much to read (`client-output-buffer-limit pubsub`, 32 MiB by default).
 */
export const MOST_NAMES = 4_096;
export const MOST_CHARACTERS = 131_072;

/** The names that Redis has been asked for and has not acknowledged. */
export class CommandsInFlight {
  #names = 0;
  #characters = 0;

  get isEmpty(): boolean {
    return this.#names === 0;
  }

  add(subscriptions: readonly RedisSubscription[]): void {
    this.#count(subscriptions, 1);
  }

  remove(subscriptions: readonly RedisSubscription[]): void {
    this.#count(subscriptions, -1);
  }

  /** Takes as many off the list as may go out now: the list itself if all may, undefined if none may. */
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

  #count(subscriptions: readonly RedisSubscription[], factor: 1 | -1): void {
    this.#names += factor * subscriptions.length;
    for (let i = 0; i < subscriptions.length; i++)
      this.#characters += factor * (subscriptions[i] as RedisSubscription).name.length;
  }
}
