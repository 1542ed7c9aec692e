import type { Subscriber } from 'rxjs';
import type { Channel, GroupMessage } from '../channel.js';
import type { Codec } from '../codec/codec.js';
import type { GroupEntryOptions, GroupFieldOptions, GroupOptions } from '../groups/group-options.js';
import type { ChannelOptions, WithCodec } from '../receiver-options.js';
import { RetrySafeObservable } from '../retry-safe-observable.js';
import type { StreamFields } from '../stream-fields.js';
import type { StreamEntryOptions, StreamFieldOptions } from '../streams/stream-options.js';
import type { ReceiverCore } from './receiver-core.js';
import { registerChannel } from './register-channel.js';
import { registerStream } from './register-stream.js';

/** The part of a Receiver that registers its Channels, and lists them. */
export abstract class ReceiverSources<T, M> extends RetrySafeObservable<M> {
  /** A live view of the Channels made by `channel()`, by name, in the order of their registration. */
  readonly channels: ReadonlyMap<string, Channel<T>>;
  /** A live view of the Channels made by `pattern()`, by glob, in the order of their registration. */
  readonly patterns: ReadonlyMap<string, Channel<T>>;
  /** A live view of the Channels made by `shard()`, by name, in the order of their registration. */
  readonly shards: ReadonlyMap<string, Channel<T>>;
  /** A live view of the Channels made by `stream()`, by key, in the order of their registration. */
  readonly streams: ReadonlyMap<string, Channel<unknown>>;

  readonly #core: ReceiverCore;

  /** @internal */
  constructor(core: ReceiverCore) {
    super((subscriber) => core.observe(subscriber as Subscriber<unknown>));
    this.#core = core;
    this.channels = core.registry.view<T>('channel');
    this.patterns = core.registry.view<T>('pattern');
    this.shards = core.registry.view<T>('shard');
    this.streams = core.registry.view<unknown>('stream');
  }

  /**
   * Registers a channel (SUBSCRIBE). Nothing goes to Redis until the Channel is observed or the Receiver is connected. The
   * same name gives the same Channel until that is closed.
   *
   * @throws {TypeError} if the name is not a string, if the Channel of this name has another codec or client, or for an
   *   unknown or invalid option
   * @throws {ChannelClosedError} if the Receiver is stopped
   */
  channel<U>(name: string, options: WithCodec<U>): Channel<U>;
  channel(name: string, options?: ChannelOptions<T>): Channel<T>;
  channel(name: string, options?: ChannelOptions<T>): Channel<T> {
    return registerChannel(this.#core, 'channel', name, options);
  }

  /** Registers a pattern (PSUBSCRIBE), with the globs of Redis, as `channel()` does a channel. */
  pattern<U>(glob: string, options: WithCodec<U>): Channel<U>;
  pattern(glob: string, options?: ChannelOptions<T>): Channel<T>;
  pattern(glob: string, options?: ChannelOptions<T>): Channel<T> {
    return registerChannel(this.#core, 'pattern', glob, options);
  }

  /** Registers a sharded channel (SSUBSCRIBE, from Redis 7), as `channel()` does a channel. */
  shard<U>(name: string, options: WithCodec<U>): Channel<U>;
  shard(name: string, options?: ChannelOptions<T>): Channel<T>;
  shard(name: string, options?: ChannelOptions<T>): Channel<T> {
    return registerChannel(this.#core, 'shard', name, options);
  }

  /**
   * Registers a stream (XREAD), as `channel()` does a channel. Entries come in order, each once, and only as fast as they are
   * taken: no overflow policy loses one. What the stream itself has lost before it was read is a `gap` of the cause `'log'`.
   *
   * With the option `group`, the Channel is a consumer of a group (XREADGROUP): each entry goes to one consumer, and is delivered
   * again until one has acknowledged it, at least once.
   *
   * @throws {TypeError} if the Channel of this key has other options, or for an unknown or invalid option
   */
  stream<U>(
    key: string,
    options: GroupFieldOptions<U> & { readonly codec: Codec<U> },
  ): Channel<U, GroupMessage<U>>;
  stream(key: string, options: GroupFieldOptions<T>): Channel<T, GroupMessage<T>>;
  stream(key: string, options: GroupEntryOptions): Channel<StreamFields, GroupMessage>;
  stream<U>(key: string, options: StreamFieldOptions<U> & { readonly codec: Codec<U> }): Channel<U>;
  stream(key: string, options: StreamFieldOptions<T>): Channel<T>;
  stream(key: string, options?: StreamEntryOptions): Channel<StreamFields>;
  stream(key: string, options?: Partial<GroupOptions>): unknown {
    return registerStream(this.#core, key, options);
  }
}
