import type { Channel } from '../channel.js';
import type { ChannelCore } from '../channel/channel-core.js';
import type { ChannelKind } from '../channel-kind.js';
import type { PubSubHub } from '../hub/pub-sub-hub.js';

type Cores = Map<string, ChannelCore<unknown>>;

interface Forgotten {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly core: WeakRef<ChannelCore<unknown>>;
}

/**
 * The Channels of a Receiver, in the order of their registration. A forgotten Channel can be recalled while user code holds a
 * reference to it: a name has one Channel at a time.
 */
export class Registry {
  readonly #forgotten: Readonly<Record<ChannelKind, Map<string, Forgotten>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #collected = new FinalizationRegistry<Forgotten>((entry) => {
    if (this.#forgotten[entry.kind].get(entry.name) === entry) this.#forgotten[entry.kind].delete(entry.name);
  });
  readonly #hubs = new Map<PubSubHub, number>();
  readonly #cores: Readonly<Record<ChannelKind, Cores>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  /** Channels that have left the Receiver, until their subscriptions release them: they may still receive messages. */
  readonly closing = new Set<ChannelCore<unknown>>();

  get size(): number {
    return Object.values(this.#cores).reduce((sum, cores) => sum + cores.size, 0);
  }

  /** The hubs that subscribe the Channels. */
  get hubs(): Iterable<PubSubHub> {
    return this.#hubs.keys();
  }

  get(kind: ChannelKind, name: string): ChannelCore<unknown> | undefined {
    return this.#cores[kind].get(name);
  }

  has(core: ChannelCore<unknown>): boolean {
    return this.get(core.kind, core.name) === core;
  }

  add(core: ChannelCore<unknown>): void {
    const { kind, name, hub } = core;
    if (core.registration === 'forgotten') core.registration = 'while-observed';
    this.closing.delete(core);
    this.#forgotten[kind].delete(name);
    this.#cores[kind].set(name, core);
    this.#hubs.set(hub, (this.#hubs.get(hub) ?? 0) + 1);
  }

  remove(core: ChannelCore<unknown>): void {
    const { kind, name, hub } = core;
    if (this.#forgotten[kind].get(name)?.core.deref() === core) this.#forgotten[kind].delete(name);
    if (!this.has(core)) return;
    this.#cores[kind].delete(name);
    const count = (this.#hubs.get(hub) ?? 0) - 1;
    if (count > 0) this.#hubs.set(hub, count);
    else this.#hubs.delete(hub);
  }

  /** Removes a Channel until user code requests or observes it again. */
  forget(core: ChannelCore<unknown>): void {
    const { kind, name } = core;
    this.remove(core);
    core.registration = 'forgotten';
    if (core.isAttached) this.closing.add(core);
    const entry = { kind, name, core: new WeakRef(core) };
    this.#forgotten[kind].set(name, entry);
    this.#collected.register(core, entry);
  }

  /** Keeps a requested Channel registered: for good, or until its next observers have left. */
  claim(core: ChannelCore<unknown>, keep: boolean): void {
    if (keep) core.registration = 'kept';
    else if (core.isDeserted) core.registration = 'claimed';
  }

  /** Returns a forgotten Channel if user code still holds a reference to it. */
  recall(kind: ChannelKind, name: string): ChannelCore<unknown> | undefined {
    return this.#forgotten[kind].get(name)?.core.deref();
  }

  /** Returns the Channels as they are now. */
  all(): ChannelCore<unknown>[] {
    return Object.values(this.#cores).flatMap((cores) => [...cores.values()]);
  }

  /** Returns a live, read-only view. */
  view<T>(kind: ChannelKind): ReadonlyMap<string, Channel<T>> {
    return new ChannelMap<T>(this.#cores[kind]);
  }
}

class ChannelMap<T> implements ReadonlyMap<string, Channel<T>> {
  readonly #cores: Cores;

  constructor(cores: Cores) {
    this.#cores = cores;
  }

  get size(): number {
    return this.#cores.size;
  }

  get [Symbol.toStringTag](): string {
    return 'ChannelMap';
  }

  get(name: string): Channel<T> | undefined {
    return this.#cores.get(name)?.channel as Channel<T> | undefined;
  }

  has(name: string): boolean {
    return this.#cores.has(name);
  }

  keys(): MapIterator<string> {
    return this.#cores.keys();
  }

  *values(): MapIterator<Channel<T>> {
    for (const core of this.#cores.values()) yield core.channel as Channel<T>;
  }

  *entries(): MapIterator<[string, Channel<T>]> {
    for (const [name, core] of this.#cores) yield [name, core.channel as Channel<T>];
  }

  [Symbol.iterator](): MapIterator<[string, Channel<T>]> {
    return this.entries();
  }

  forEach(
    visit: (channel: Channel<T>, name: string, map: ReadonlyMap<string, Channel<T>>) => void,
    thisArg?: unknown,
  ): void {
    for (const [name, channel] of this) visit.call(thisArg, channel, name, this);
  }
}
