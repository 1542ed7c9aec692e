import type { Channel } from '../channel/channel.js';
import type { ChannelFeed } from '../channel/channel-feed.js';
import type { ChannelKind } from '../channel/message.js';

type Feeds = Map<string, ChannelFeed<unknown>>;

/** The Channels of a Receiver, in the order of their registration. */
export class Registry {
  readonly #feeds: Readonly<Record<ChannelKind, Feeds>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };

  get size(): number {
    return Object.values(this.#feeds).reduce((sum, feeds) => sum + feeds.size, 0);
  }

  get(kind: ChannelKind, name: string): ChannelFeed<unknown> | undefined {
    return this.#feeds[kind].get(name);
  }

  add(feed: ChannelFeed<unknown>): void {
    this.#feeds[feed.kind].set(feed.name, feed);
  }

  remove(feed: ChannelFeed<unknown>): void {
    if (this.get(feed.kind, feed.name) === feed) this.#feeds[feed.kind].delete(feed.name);
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
