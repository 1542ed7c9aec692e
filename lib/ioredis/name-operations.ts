import type { SubscriptionKind } from '../channel-kind.js';
import type { ClientListener, NameListeners } from '../hub/client.js';
import { toError } from '../errors/to-error.js';
import { KINDS } from './kinds.js';
import type { ListenerRegistry, Mode } from './listener-registry.js';
import type { WireCommands } from './wire-commands.js';

const MODES: readonly Mode[] = ['strings', 'buffers'];

/** The state of a name beside the registry's own entry. */
interface Standing {
  /** True once Redis has acknowledged the name, until an UNSUBSCRIBE is sent. */
  isConfirmed: boolean;
  /** The listeners that go when Redis acknowledges the UNSUBSCRIBE, by mode. */
  readonly leaving: Readonly<Record<Mode, Set<unknown>>>;
}

/** The operations of a client on the listeners of names, with the semantics of node-redis. */
export class NameOperations {
  readonly #registry: ListenerRegistry;
  readonly #commands: WireCommands;
  readonly #standings = new WeakMap<NameListeners, Standing>();

  constructor(registry: ListenerRegistry, commands: WireCommands) {
    this.#registry = registry;
    this.#commands = commands;
  }

  /** Adds a listener, and subscribes the names that Redis has not acknowledged; a refused command adds none. */
  async subscribe(
    kind: SubscriptionKind,
    names: readonly string[],
    listener: ClientListener,
    binary: boolean,
  ): Promise<void> {
    const registered = this.#registry.byKind[kind];
    const mode: Mode = binary ? 'buffers' : 'strings';
    const fresh: string[] = [];
    const added: string[] = [];
    for (const name of names) {
      this.#registry.listen(kind, mode, name);
      const entry = registered.get(name) ?? emptyEntry();
      registered.set(name, entry);
      const standing = this.#standingOf(entry);
      if (!standing.isConfirmed) fresh.push(name);
      standing.leaving[mode].delete(listener);
      entry.unsubscribing = false;
      if (entry[mode].has(listener)) continue;
      entry[mode].add(listener);
      added.push(name);
    }
    try {
      await this.#commands.sendAll(kind, 'subscribe', fresh);
    } catch (error) {
      for (const name of added) this.#remove(kind, name, mode, listener);
      throw error;
    }
    this.#confirm(kind, fresh);
  }

  /** Removes a listener, or all of them, and unsubscribes the names that have none left. */
  async unsubscribe(
    kind: SubscriptionKind,
    names: readonly string[],
    listener: ClientListener | undefined,
    binary: boolean,
  ): Promise<void> {
    const registered = this.#registry.byKind[kind];
    const mode: Mode = binary ? 'buffers' : 'strings';
    const left: string[] = [];
    const entries: NameListeners[] = [];
    for (const name of names) {
      const entry = registered.get(name);
      if (!entry) left.push(name);
      else if (this.#leave(entry, mode, listener)) {
        left.push(name);
        entries.push(entry);
      } else if (listener) entry[mode].delete(listener);
    }
    try {
      await this.#commands.sendAll(kind, 'unsubscribe', left);
    } catch (error) {
      for (const entry of entries) this.#stay(entry);
      throw error;
    }
    for (const name of left) this.#release(kind, name);
  }

  /** Adds entries to the registry; returns the names that it did not have. */
  register(kind: SubscriptionKind, entries: ReadonlyMap<string, NameListeners>): readonly string[] {
    const registered = this.#registry.byKind[kind];
    const fresh: string[] = [];
    for (const [name, entry] of entries) {
      for (const mode of MODES) if (entry[mode].size > 0) this.#registry.listen(kind, mode, name);
      const known = registered.get(name);
      if (known) {
        for (const mode of MODES)
          for (const listener of entry[mode]) known[mode].add(listener as ClientListener);
      } else {
        registered.set(name, entry);
        this.#standingOf(entry).isConfirmed = false;
        fresh.push(name);
      }
    }
    return fresh;
  }

  /** Subscribes names that are in the registry, and stay there if Redis refuses them. */
  async subscribeRegistered(kind: SubscriptionKind, names: readonly string[]): Promise<void> {
    await this.#commands.sendAll(kind, 'subscribe', names);
    this.#confirm(kind, names);
  }

  /** Subscribes all names of the registry on a new connection; resolves to an error if one of the commands has failed. */
  async restore(): Promise<Error | undefined> {
    const sweep = this.#commands.sweep((kind, name) => this.#registry.byKind[kind].has(name));
    const subscribe = KINDS.map((kind) => {
      const names = [...this.#registry.byKind[kind].keys()];
      for (const entry of this.#registry.byKind[kind].values()) this.#standingOf(entry).isConfirmed = false;
      return this.subscribeRegistered(kind, names);
    });
    const outcomes = await Promise.allSettled([sweep, ...subscribe]);
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [toError(outcome.reason)] : [],
    );
    return failures.find(({ name }) => name !== 'ReplyError') ?? failures[0];
  }

  #standingOf(entry: NameListeners): Standing {
    let standing = this.#standings.get(entry);
    if (!standing) {
      standing = { isConfirmed: false, leaving: { strings: new Set(), buffers: new Set() } };
      this.#standings.set(entry, standing);
    }
    return standing;
  }

  #confirm(kind: SubscriptionKind, names: readonly string[]): void {
    for (const name of names) {
      const entry = this.#registry.byKind[kind].get(name);
      if (entry && entry.unsubscribing !== true) this.#standingOf(entry).isConfirmed = true;
    }
  }

  /** Marks listeners as leaving, and returns true, if no other listener stays. */
  #leave(entry: NameListeners, mode: Mode, listener: ClientListener | undefined): boolean {
    const standing = this.#standingOf(entry);
    const goes = (one: unknown, its: Mode) =>
      listener === undefined || (one === listener && its === mode) || standing.leaving[its].has(one);
    const isDeserted = MODES.every((its) => [...entry[its]].every((one) => goes(one, its)));
    if (!isDeserted) return false;
    for (const its of MODES) for (const one of entry[its]) standing.leaving[its].add(one);
    standing.isConfirmed = false;
    entry.unsubscribing = true;
    return true;
  }

  /** Takes an UNSUBSCRIBE back that has failed. */
  #stay(entry: NameListeners): void {
    const { leaving } = this.#standingOf(entry);
    leaving.strings.clear();
    leaving.buffers.clear();
    entry.unsubscribing = false;
  }

  /** Removes the leaving listeners of a name. */
  #release(kind: SubscriptionKind, name: string): void {
    const entry = this.#registry.byKind[kind].get(name);
    if (!entry) return;
    const { leaving } = this.#standingOf(entry);
    for (const mode of MODES)
      for (const listener of leaving[mode]) this.#remove(kind, name, mode, listener as ClientListener);
    leaving.strings.clear();
    leaving.buffers.clear();
  }

  #remove(kind: SubscriptionKind, name: string, mode: Mode, listener: ClientListener): void {
    const registered = this.#registry.byKind[kind];
    const entry = registered.get(name);
    if (!entry) return;
    entry[mode].delete(listener);
    if (entry.strings.size + entry.buffers.size === 0) registered.delete(name);
  }
}

function emptyEntry(): NameListeners {
  return { unsubscribing: false, strings: new Set(), buffers: new Set() };
}
