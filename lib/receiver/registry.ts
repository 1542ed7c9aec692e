import type { Channel } from '../channel.js';
import type { ChannelCore } from '../channel/channel-core.js';
import type { ChannelKind } from '../channel-kind.js';
import type { PubSubHub } from '../hub/pub-sub-hub.js';

type Cores = Map<string, ChannelCore<unknown>>;

interface Forgotten {
  readonly kind: ChannelKind;
  readonly key: string;
  readonly core: WeakRef<ChannelCore<unknown>>;
}

/**
 * The Channels of a Receiver, in the order of their registration. A forgotten Channel can be recalled while user code holds a
 * reference to it: a name has one Channel at a time.
 */
export class Registry {
  /** The templates of the topics. */
  readonly topics: readonly string[];
  readonly #forgotten: Readonly<Record<ChannelKind, Map<string, Forgotten>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
    stream: new Map(),
  };
  readonly #collected = new FinalizationRegistry<Forgotten>((entry) => {
    if (this.#forgotten[entry.kind].get(entry.key) === entry) this.#forgotten[entry.kind].delete(entry.key);
  });
  readonly #hubs = new Map<PubSubHub, number>();
  readonly #cores: Readonly<Record<ChannelKind, Cores>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
    stream: new Map(),
  };
  /** Channels that have left the Receiver, until their subscriptions release them: they may still receive messages. */
  readonly closing = new Set<ChannelCore<unknown>>();

  constructor(topics: readonly string[] = []) {
    this.topics = topics;
  }

  get size(): number {
    return Object.values(this.#cores).reduce((sum, cores) => sum + cores.size, 0);
  }

  /** The hubs that subscribe the Channels. */
  get hubs(): Iterable<PubSubHub> {
    return this.#hubs.keys();
  }

  get(kind: ChannelKind, name: string, topic: string | undefined): ChannelCore<unknown> | undefined {
    return this.#cores[kind].get(keyOf(name, topic));
  }

  has(core: ChannelCore<unknown>): boolean {
    return this.#cores[core.kind].get(keyOfCore(core)) === core;
  }

  add(core: ChannelCore<unknown>): void {
    const { kind, hub } = core;
    const key = keyOfCore(core);
    if (core.registration === 'forgotten') core.registration = 'while-observed';
    this.closing.delete(core);
    this.#forgotten[kind].delete(key);
    this.#cores[kind].set(key, core);
    this.#hubs.set(hub, (this.#hubs.get(hub) ?? 0) + 1);
  }

  remove(core: ChannelCore<unknown>): void {
    const { kind, hub } = core;
    const key = keyOfCore(core);
    if (this.#forgotten[kind].get(key)?.core.deref() === core) this.#forgotten[kind].delete(key);
    if (!this.has(core)) return;
    this.#cores[kind].delete(key);
    const count = (this.#hubs.get(hub) ?? 0) - 1;
    if (count > 0) this.#hubs.set(hub, count);
    else this.#hubs.delete(hub);
  }

  /** Returns the streams that are read beside this hub, and do not notice the end of its client by themselves. */
  streamsBeside(hub: PubSubHub): ChannelCore<unknown>[] {
    return [...this.#cores.stream.values(), ...this.closing].filter((core) => core.hub.base === hub);
  }

  /** Removes all Channels, those that are closing included. */
  clear(): void {
    for (const kind of Object.keys(this.#cores) as ChannelKind[]) {
      this.#cores[kind].clear();
      this.#forgotten[kind].clear();
    }
    this.#hubs.clear();
    this.closing.clear();
  }

  /** Removes a Channel until user code requests or observes it again. */
  forget(core: ChannelCore<unknown>): void {
    const { kind } = core;
    const key = keyOfCore(core);
    this.remove(core);
    core.registration = 'forgotten';
    if (core.isAttached) this.closing.add(core);
    const entry = { kind, key, core: new WeakRef(core) };
    this.#forgotten[kind].set(key, entry);
    this.#collected.register(core, entry);
  }

  /** Keeps a requested Channel registered: for good, or until its next observers have left. */
  claim(core: ChannelCore<unknown>, keep: boolean): void {
    if (keep) core.registration = 'kept';
    else if (core.isDeserted) core.registration = 'claimed';
  }

  /** Returns a forgotten Channel if user code still holds a reference to it. */
  recall(kind: ChannelKind, name: string, topic: string | undefined): ChannelCore<unknown> | undefined {
    return this.#forgotten[kind].get(keyOf(name, topic))?.core.deref();
  }

  /** Returns the Channels as they are now. */
  all(): ChannelCore<unknown>[] {
    return Object.values(this.#cores).flatMap((cores) => [...cores.values()]);
  }

  /** Returns a live, read-only view. */
  view<T>(kind: ChannelKind): ReadonlyMap<string, Channel<T>> {
    return new ChannelMap<T>(this.#cores[kind], this.topics);
  }
}

/** Returns the key of a Channel: the name, and the topic if it has one, because topics may share a name or a glob. */
function keyOf(name: string, topic: string | undefined): string {
  // No name has a lone surrogate, so no name is the key of a topic.
  return topic === undefined ? name : `${name}\uD800${topic}`;
}

function keyOfCore({ name, topic }: ChannelCore<unknown>): string {
  return keyOf(name, topic?.topic);
}

class ChannelMap<T> implements ReadonlyMap<string, Channel<T>> {
  readonly #cores: Cores;
  readonly #topics: readonly string[];

  constructor(cores: Cores, topics: readonly string[]) {
    this.#cores = cores;
    this.#topics = topics;
  }

  get size(): number {
    return this.#cores.size;
  }

  get [Symbol.toStringTag](): string {
    return 'ChannelMap';
  }

  get(name: string): Channel<T> | undefined {
    let core = this.#cores.get(name);
    for (const topic of this.#topics) core ??= this.#cores.get(keyOf(name, topic));
    return core?.channel as Channel<T> | undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *keys(): MapIterator<string> {
    for (const core of this.#cores.values()) yield core.name;
  }

  *values(): MapIterator<Channel<T>> {
    for (const core of this.#cores.values()) yield core.channel as Channel<T>;
  }

  *entries(): MapIterator<[string, Channel<T>]> {
    for (const core of this.#cores.values()) yield [core.name, core.channel as Channel<T>];
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
