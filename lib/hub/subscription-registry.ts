import type { SubscriptionKind } from '../channel-kind.js';
import type { HubListener } from './hub-listener.js';
import type { RedisSubscription } from './redis-subscription.js';
import { MOST_CHARACTERS, MOST_NAMES } from './commands-in-flight.js';

/** The subscriptions of one client, by kind and name. */
export class SubscriptionRegistry {
  readonly byKind: Readonly<Record<SubscriptionKind, Map<string, RedisSubscription>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };

  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(kind: SubscriptionKind, name: string): RedisSubscription | undefined {
    return this.byKind[kind].get(name);
  }

  add(subscription: RedisSubscription): void {
    this.byKind[subscription.kind].set(subscription.name, subscription);
    this.#size++;
  }

  /** Removes a subscription that is in the registry. */
  delete({ kind, name }: RedisSubscription): void {
    this.byKind[kind].delete(name);
    this.#size--;
  }

  /** Returns whether one command for all names of a kind, like the client's resubscription, would be too large. */
  get isTooMuchForOneCommand(): boolean {
    return Object.values(this.byKind).some((subscriptions) => {
      let characters = 0;
      for (const name of subscriptions.keys()) characters += name.length;
      return subscriptions.size > MOST_NAMES || characters > MOST_CHARACTERS;
    });
  }

  clear(): void {
    for (const subscriptions of Object.values(this.byKind)) subscriptions.clear();
    this.#size = 0;
  }

  all(): RedisSubscription[] {
    return Object.values(this.byKind).flatMap((subscriptions) => [...subscriptions.values()]);
  }

  /** Returns the subscriptions with these names, or all of the kind. */
  named(kind: SubscriptionKind, names: readonly string[] | undefined): RedisSubscription[] {
    const subscriptions = this.byKind[kind];
    return names ? names.flatMap((name) => subscriptions.get(name) ?? []) : [...subscriptions.values()];
  }
}

/** Returns the listeners that receive messages published now. */
export function liveListenersOf(subscriptions: readonly RedisSubscription[]): HubListener[] {
  return subscriptions.flatMap((subscription) => (subscription.isLive ? subscription.listeners : []));
}
