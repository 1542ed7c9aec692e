import { Observable, type Observer, type Subscription } from 'rxjs';
import type { Channel, Message, ReceiverEvent } from '../channel.js';
import type { Codec } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { PubSubClient } from '../hub/client.js';
import { closeClient, openClient, type OnFailedTry } from '../open/open-client.js';
import type { OpenOptions } from '../open/open-options.js';
import { RetryReporter } from '../open/retry-reporter.js';
import {
  OPEN_OPTIONS,
  type ChannelOptions,
  type OpenReceiverOptions,
  type ReceiverOptions,
} from '../receiver-options.js';
import { subscribeWithoutStorm } from '../subscribe-without-storm.js';
import { createCore, OWNED, type Owned } from './create-core.js';
import { pullMessage, pullWaiting } from './pull-promises.js';
import type { ReceiverCore } from './receiver-core.js';
import { ReceiverIterator } from './receiver-iterator.js';
import { registerChannel } from './register-channel.js';
import { resolveOptions } from './resolve-options.js';
import type { ReceiverStats } from './stats.js';

/**
 * A multi-producer, single-consumer queue over any number of Redis channels, patterns and sharded channels, as an
 * Observable. The messages of all Channels merge in the order in which Redis delivered them, and wait in one bounded queue
 * until the consumer takes them.
 *
 * ```
 * news      --a-----------c------|
 * order:*   ------b-----------d--|
 * receiver  --a---b-------c---d--|
 *                              stop()
 * ```
 *
 * ```ts
 * const receiver = await Receiver.open(process.env.REDIS_URL);
 * receiver.channel('news');
 * receiver.pattern('order:*');
 * receiver.subscribe(({ channel, data }) => console.log(channel, data));
 * ```
 *
 * A Receiver is connected while it is observed or iterated, or from `connect()` or the first `get()` until it stops. While it
 * is connected, every registered Channel is subscribed. A Receiver has one consumer at a time.
 *
 * An error in the stream ({@link DecodeError}, {@link BufferOverflowError}, {@link SubscribeError}, {@link GapError})
 * stands at its place between the messages, and ends only the observers or the pull that reach it: `retry()`, or the next
 * `get()`, continues with the next message. Only a {@link ConnectionLostError} is final.
 */
export class Receiver<T = string>
  extends Observable<Message<T>>
  implements AsyncIterable<Message<T>>, AsyncDisposable
{
  /**
   * The client on which the Receiver subscribes: the argument of the constructor, or the client that `open` has created. Use it
   * to observe `'error'` events, to share the connection with another Receiver, or to send commands (beside subscriptions under
   * RESP3 only). The Receiver ends when the client closes. A client that `open` has created is closed when the Receiver stops.
   */
  readonly client: PubSubClient;
  /** A live view of the Channels of `channel()`, by name, in the order of their registration. */
  readonly channels: ReadonlyMap<string, Channel<T>>;
  /** A live view of the Channels of `pattern()`, by glob, in the order of their registration. */
  readonly patterns: ReadonlyMap<string, Channel<T>>;
  /** A live view of the Channels of `shard()`, by name, in the order of their registration. */
  readonly shards: ReadonlyMap<string, Channel<T>>;
  /** The events of the Receiver, apart from its messages. Hot; completes when no more events can come. */
  readonly events: Observable<ReceiverEvent>;

  readonly #core: ReceiverCore;

  /**
   * @param client an open node-redis client, cluster or sentinel; the Receiver borrows it and does not close it
   * @throws {TypeError} the client lacks the methods of a client, or an option is unknown or invalid
   */
  constructor(client: PubSubClient, options: ReceiverOptions<T> = {}) {
    const core: ReceiverCore = createCore(client, options);
    super((subscriber) => core.observe(subscriber));
    this.client = client;
    this.#core = core;
    this.channels = core.registry.view<T>('channel');
    this.patterns = core.registry.view<T>('pattern');
    this.shards = core.registry.view<T>('shard');
    this.events = core.events.asObservable();
  }

  /**
   * Opens a Receiver with a client of its own, which is closed when the Receiver stops. The client detects a half-open
   * connection within 15 seconds, and reconnects for ever, with backoff and jitter; `pingInterval`, `socket.socketTimeout` and
   * `socket.reconnectStrategy` override these settings. The package `redis` is loaded by the call.
   *
   * A server that cannot be reached is tried until `options.signal` aborts; `options.onRetry` is called for each failed attempt.
   *
   * @param redis a URL, or the options of node-redis's `createClient`, `createCluster` (with `rootNodes`) or `createSentinel`
   *   (with `sentinelRootNodes`); default `redis://localhost:6379`. The settings of the connections to the nodes are in
   *   `defaults` for a cluster, and in `nodeClientOptions` and `sentinelClientOptions` for a Sentinel set
   * @throws {TypeError} an option is unknown, or belongs elsewhere
   * @throws the error reply of Redis, if it refuses the connection
   * @throws an error with the code `ERR_TLS_MISMATCH`, if only one side uses TLS
   * @throws an `AbortError` or `TimeoutError` when `options.signal` aborts, with the error of the last attempt as its `cause`;
   *   a reason that the user has passed to `abort()` is thrown as it is
   */
  static async open<T = string>(
    redis?: string | OpenOptions,
    options: OpenReceiverOptions<T> = {},
  ): Promise<Receiver<T>> {
    resolveOptions(options, OPEN_OPTIONS);
    const { onRetry, ...rest } = options;
    if (onRetry !== undefined && typeof onRetry !== 'function') {
      throw invalidArgument("the option 'onRetry'", 'a function', onRetry);
    }
    const reporter = new RetryReporter(onRetry);
    const report: OnFailedTry = (error, attempt, where) => reporter.report(error, attempt, where);
    const client = await openClient(redis, rest.signal, undefined, report);
    const owned: Owned = { reporter, close: () => closeClient(client) };
    return new Receiver<T>(client, { ...rest, [OWNED]: owned } as ReceiverOptions<T>);
  }

  /**
   * Subscribes like any Observable. `retry()` cannot spin on an error that each new observer gets at once: a
   * ConnectionLostError ends it, any other error comes after a pause.
   */
  override subscribe(
    observer?: Partial<Observer<Message<T>>> | ((value: Message<T>) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const args = [observer, error, complete] as unknown as [Partial<Observer<Message<T>>>];
    const subscribe = () => super.subscribe(...args);
    return subscribeWithoutStorm(this, this.#core.finalError, observer, subscribe);
  }

  /** True while a Channel is open; after the end, while messages wait in the queue. */
  get isActive(): boolean {
    return this.#core.isActive;
  }

  /** The current counts. */
  get stats(): Readonly<ReceiverStats> {
    return this.#core.stats;
  }

  /**
   * Registers a channel (SUBSCRIBE). It is subscribed when it is observed, or while the Receiver is connected. The same name
   * returns the same Channel until it is closed.
   *
   * @throws {TypeError} the name is not a string, or the Channel of this name has another codec or client
   * @throws {ChannelClosedError} the Receiver is stopped
   */
  channel<U extends T = T>(name: string, options?: ChannelOptions<U>): Channel<U> {
    return registerChannel(this.#core, 'channel', name, options);
  }

  /** Registers a pattern (PSUBSCRIBE), a glob of Redis; otherwise like `channel()`. */
  pattern<U extends T = T>(glob: string, options?: ChannelOptions<U>): Channel<U> {
    return registerChannel(this.#core, 'pattern', glob, options);
  }

  /** Registers a sharded channel (SSUBSCRIBE, Redis 7); otherwise like `channel()`. */
  shard<U extends T = T>(name: string, options?: ChannelOptions<U>): Channel<U> {
    return registerChannel(this.#core, 'shard', name, options);
  }

  /**
   * Subscribes all registered Channels and begins to queue their messages; resolves when Redis has acknowledged them. Channels
   * that are registered later are subscribed at once.
   *
   * @throws {SubscribeError} Redis refuses a Channel, or the client is not open; the other Channels are subscribed
   * @throws {ChannelClosedError} the Receiver is stopped, or stops meanwhile
   */
  async connect(): Promise<this> {
    await this.#core.connect();
    return this;
  }

  /**
   * Takes the next message, or waits for one; resolves to undefined if the Receiver stops meanwhile.
   *
   * @param options `codec` decodes this message instead of the Channel's codec; an aborted `signal` cancels the call, which then
   *   takes no message
   * @throws the next error in the stream; the next `get()` continues behind it
   * @throws {ChannelClosedError} the Receiver is stopped, and its queue is empty
   * @throws {ReceiverBusyError} the Receiver is being observed
   */
  get<U = T>(options?: { codec?: Codec<U>; signal?: AbortSignal }): Promise<Message<U> | undefined> {
    return pullMessage(this.#core, options);
  }

  /** Resolves to true when a message can be taken, and to false when no more messages will come. */
  waitMessage(options: { signal?: AbortSignal } = {}): Promise<boolean> {
    return pullWaiting(this.#core, options);
  }

  /** Iterates over the messages; ends after `stop()`, once the queue is empty. `break` leaves the rest in the queue. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message<T>> {
    return new ReceiverIterator<T>(this.#core);
  }

  /**
   * Ends the Receiver at once: observers complete and waiting pulls settle. Messages that arrive later are ignored, counted as
   * `late` and reported by an event. Queued messages can still be taken. Resolves when the subscriptions are released, after
   * 2 seconds at most.
   */
  stop(): Promise<void> {
    return this.#core.ending.stop();
  }

  /** Unsubscribes, receives the messages until Redis acknowledges, and then stops; waits 2 seconds at most. */
  drain(): Promise<void> {
    return this.#core.ending.drain();
  }

  /** The same as `stop()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
