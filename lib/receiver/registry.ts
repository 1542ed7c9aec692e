import type { Channel } from '../channel/channel.js';
import type { ChannelFeed } from '../channel/channel-feed.js';
import type { ChannelKind } from '../channel/message.js';
import type { PubSubHub } from '../hub/pub-sub-hub.js';

type Feeds = Map<string, ChannelFeed<unknown>>;

interface Forgotten {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly feed: WeakRef<ChannelFeed<unknown>>;
}

/**
 * The Channels of a Receiver, in the order of their registration. Those that it has forgotten can be recalled for as long as
 * somebody else holds them: a name has one Channel at a time.
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
  readonly #feeds: Readonly<Record<ChannelKind, Feeds>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };

  get size(): number {
    return Object.values(this.#feeds).reduce((sum, feeds) => sum + feeds.size, 0);
  }

  /** The hubs that subscribe the Channels. */
  get hubs(): Iterable<PubSubHub> {
    return this.#hubs.keys();
  }

  get(kind: ChannelKind, name: string): ChannelFeed<unknown> | undefined {
    return this.#feeds[kind].get(name);
  }

  add(feed: ChannelFeed<unknown>): void {
    const { kind, name, hub } = feed;
    feed.isForgotten = false;
    this.#forgotten[kind].delete(name);
    this.#feeds[kind].set(name, feed);
    this.#hubs.set(hub, (this.#hubs.get(hub) ?? 0) + 1);
  }

  remove(feed: ChannelFeed<unknown>): void {
    const { kind, name, hub } = feed;
    if (this.#forgotten[kind].get(name)?.feed.deref() === feed) this.#forgotten[kind].delete(name);
    if (this.get(kind, name) !== feed) return;
    this.#feeds[kind].delete(name);
    const count = (this.#hubs.get(hub) ?? 0) - 1;
    if (count > 0) this.#hubs.set(hub, count);
    else this.#hubs.delete(hub);
  }

  /** Lets go of a Channel until somebody asks for it again, or observes it. */
  forget(feed: ChannelFeed<unknown>): void {
    const { kind, name } = feed;
    this.remove(feed);
    feed.isForgotten = true;
    const entry = { kind, name, feed: new WeakRef(feed) };
    this.#forgotten[kind].set(name, entry);
    this.#collected.register(feed, entry);
  }

  /** Returns a Channel that was forgotten, if somebody still holds it. */
  recall(kind: ChannelKind, name: string): ChannelFeed<unknown> | undefined {
    return this.#forgotten[kind].get(name)?.feed.deref();
  }

  /** All of them, as they are now. */
  all(): ChannelFeed<unknown>[] {
    return Object.values(this.#feeds).flatMap((feeds) => [...feeds.values()]);
  }

  /** A live view that cannot be written to. */
  view<T>(kind: ChannelKind): ReadonlyMap<string, Channel<T>> {
    return new ChannelMap<T>(this.#feeds[kind]);
  }
}

class ChannelMap<T> implements ReadonlyMap<string, Channel<T>> {
  readonly #feeds: Feeds;

  constructor(feeds: Feeds) {
    this.#feeds = feeds;
  }

  get size(): number {
    return this.#feeds.size;
  }

  get [Symbol.toStringTag](): string {
    return 'ChannelMap';
  }

  get(name: string): Channel<T> | undefined {
    return this.#feeds.get(name)?.channel as Channel<T> | undefined;
  }

  has(name: string): boolean {
    return this.#feeds.has(name);
  }

  keys(): MapIterator<string> {
    return this.#feeds.keys();
  }

  *values(): MapIterator<Channel<T>> {
    for (const feed of this.#feeds.values()) yield feed.channel as Channel<T>;
  }

  *entries(): MapIterator<[string, Channel<T>]> {
    for (const [name, feed] of this.#feeds) yield [name, feed.channel as Channel<T>];
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
