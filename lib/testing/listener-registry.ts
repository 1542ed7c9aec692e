import type { SubscriptionKind } from '../channel-kind.js';
import type { ClientListener } from '../hub/client.js';

/** Listeners of one name, in the form of node-redis. */
export interface ListenerSets {
  /** Mark set when the last listener requests an UNSUBSCRIBE: the next subscription then sends a command again. */
  unsubscribing: boolean;
  buffers: Set<ClientListener>;
  strings: Set<ClientListener>;
}

/** Change of the registry that takes a command: call `apply` when Redis has acknowledged the command. */
export interface Change {
  /** Names in the command; undefined for all names of the kind. */
  readonly names: readonly string[] | undefined;
  apply(): void;
}

type Registry = Map<string, ListenerSets>;

/**
 * Listeners by name, kept as node-redis keeps them, with its faults: two operations on one name that are not awaited can
 * lose a listener, or keep one.
 */
export class ListenerRegistry {
  readonly #byKind: Readonly<Record<SubscriptionKind, Registry>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };

  of(kind: SubscriptionKind): Registry {
    return this.#byKind[kind];
  }

  /**
   * Adds the listener to the names that are subscribed already. Returns the change for the other names, if there are any.
   */
  subscribe(
    kind: SubscriptionKind,
    names: readonly string[],
    listener: ClientListener,
    binary: boolean,
  ): Change | undefined {
    const registry = this.#byKind[kind];
    const added: string[] = [];
    for (const name of names) {
      const sets = registry.get(name);
      if (!sets || sets.unsubscribing) added.push(name);
      else ofMode(sets, binary).add(listener);
    }
    if (added.length === 0) return undefined;
    return {
      names: added,
      apply: () => {
        for (const name of added) {
          let sets = registry.get(name);
          if (!sets) {
            sets = { unsubscribing: false, buffers: new Set(), strings: new Set() };
            registry.set(name, sets);
          }
          ofMode(sets, binary).add(listener);
        }
      },
    };
  }

  /**
   * Registers the listeners at once, before Redis is asked. Returns the change for the names that are new, if there are any.
   */
  extend(kind: SubscriptionKind, listeners: ReadonlyMap<string, ListenerSets>): Change | undefined {
    const registry = this.#byKind[kind];
    const added: string[] = [];
    for (const [name, sets] of listeners) {
      const existing = registry.get(name);
      if (existing) {
        for (const listener of sets.buffers) existing.buffers.add(listener);
        for (const listener of sets.strings) existing.strings.add(listener);
      } else {
        registry.set(name, sets);
        added.push(name);
      }
    }
    return added.length > 0 ? { names: added, apply: () => undefined } : undefined;
  }

  /**
   * Returns the change that removes the listener. Removes it at once, and returns undefined, if every name keeps other
   * listeners.
   */
  unsubscribe(
    kind: SubscriptionKind,
    names: readonly string[],
    listener: ClientListener,
    binary: boolean,
  ): Change | undefined {
    const registry = this.#byKind[kind];
    const removed = names.filter((name) => {
      const sets = registry.get(name);
      if (!sets) return true;
      const own = ofMode(sets, binary).has(listener) ? 1 : 0;
      if (sets.buffers.size + sets.strings.size > own) return false;
      sets.unsubscribing = true;
      return true;
    });
    const apply = () => {
      for (const name of names) {
        const sets = registry.get(name);
        if (!sets) continue;
        ofMode(sets, binary).delete(listener);
        if (sets.buffers.size + sets.strings.size === 0) registry.delete(name);
      }
    };
    if (removed.length > 0) return { names: removed, apply };
    apply();
    return undefined;
  }

  /** Returns the change that removes all listeners of these names, or of all names. */
  unsubscribeAll(kind: SubscriptionKind, names: readonly string[] | undefined): Change {
    const registry = this.#byKind[kind];
    const apply = () => {
      if (!names) registry.clear();
      else for (const name of names) registry.delete(name);
    };
    return { names, apply };
  }

  deliver(kind: SubscriptionKind, name: string, channel: string, payload: Buffer): void {
    const sets = this.#byKind[kind].get(name);
    if (!sets) return;
    for (const listener of sets.buffers) listener(payload, Buffer.from(channel));
    if (sets.strings.size === 0) return;
    const text = payload.toString();
    for (const listener of sets.strings) listener(text, channel);
  }
}

function ofMode(sets: ListenerSets, binary: boolean): Set<ClientListener> {
  return binary ? sets.buffers : sets.strings;
}
