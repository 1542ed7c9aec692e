import type { ChannelKind } from '../channel-kind.js';
import type { ClientListener } from '../hub/client.js';

/** The listeners of one name, in the form of node-redis. */
export interface ListenerSets {
  /** Set once an UNSUBSCRIBE was sent: the next subscription sends a command again. */
  unsubscribing: boolean;
  buffers: Set<ClientListener>;
  strings: Set<ClientListener>;
}

/** A change that takes a command: `apply` it when Redis has acknowledged. */
export interface Change {
  /** What the command names; undefined for all names of the kind. */
  readonly names: readonly string[] | undefined;
  apply(): void;
}

type Registry = Map<string, ListenerSets>;

/**
 * Which listener hears what, kept as node-redis keeps it, with its faults: two operations on one name that are not
 * awaited can lose a listener, or keep one.
 */
export class ListenerRegistry {
  readonly #byKind: Readonly<Record<ChannelKind, Registry>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };

  of(kind: ChannelKind): Registry {
    return this.#byKind[kind];
  }

  /** Adds the listener where there is one already; undefined if that was all. */
  subscribe(
    kind: ChannelKind,
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

  /** Registers the listeners at once, before Redis is asked; undefined if it knows all the names. */
  extend(kind: ChannelKind, listeners: ReadonlyMap<string, ListenerSets>): Change | undefined {
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

  /** Removes the listener where others stay; undefined if that was all. */
  unsubscribe(
    kind: ChannelKind,
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

  /** Removes the listeners of these names, or of all. */
  unsubscribeAll(kind: ChannelKind, names: readonly string[] | undefined): Change {
    const registry = this.#byKind[kind];
    const apply = () => {
      if (!names) registry.clear();
      else for (const name of names) registry.delete(name);
    };
    return { names, apply };
  }

  deliver(kind: ChannelKind, name: string, channel: string, payload: Buffer): void {
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
