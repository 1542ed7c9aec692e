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
 * Observable: all of them merge in the order in which Redis delivered them, and what nobody has taken yet waits in one
 * bounded queue.
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
 * It is connected for as long as it is observed or iterated, or from `connect()` or the first `get()` until it stops;
 * then every registered Channel is subscribed. It has one consumer at a time.
 *
 * An error in the stream ({@link DecodeError}, {@link BufferOverflowError}, {@link SubscribeError}, {@link GapError})
 * stands where it happened, and ends only the observers or the pull that meet it: `retry()`, or the next `get()`, goes
 * on with the next message. {@link ConnectionLostError} alone is final.
 */
export class Receiver<T = string>
  extends Observable<Message<T>>
  implements AsyncIterable<Message<T>>, AsyncDisposable
{
  /**
   * The client on which the Receiver subscribes: the one that it was given, or the one that `open` made. Listen to its
   * `'error'` events, make another Receiver share its connection, or send it commands, which works beside subscriptions in
   * RESP 3 alone. Closing it ends the Receiver; the one that `open` made is closed when the Receiver stops.
   */
  readonly client: PubSubClient;
  /** The Channels made by `channel()`, by name, in the order of their registration: a live view. */
  readonly channels: ReadonlyMap<string, Channel<T>>;
  /** The Channels made by `pattern()`, by glob, in the order of their registration: a live view. */
  readonly patterns: ReadonlyMap<string, Channel<T>>;
  /** The Channels made by `shard()`, by name, in the order of their registration: a live view. */
  readonly shards: ReadonlyMap<string, Channel<T>>;
  /** What happens beside the messages. Hot; completes when nothing more can happen. */
  readonly events: Observable<ReceiverEvent>;

  readonly #core: ReceiverCore;

  /**
   * @param client a node-redis client, cluster or sentinel that is open; it is borrowed, and stays open
   * @throws {TypeError} a client without the methods of one, or an option that is none
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
   * Opens a Receiver with a client of its own, which is closed when the Receiver stops. The client has a heartbeat that
   * finds a half-open connection within 15 seconds, and reconnects for ever, with backoff and jitter; `pingInterval`,
   * `socket.socketTimeout` and `socket.reconnectStrategy` override that. Loads `redis` when it is called.
   *
   * @param redis a URL, or the options of node-redis's `createClient`, `createCluster` (they have `rootNodes`) or
   *   `createSentinel` (they have `sentinelRootNodes`); default `redis://localhost:6379`. Of a cluster, what is to be
   *   overridden stands in `defaults`; of a Sentinel set, in `nodeClientOptions` and `sentinelClientOptions`
   * @throws what Redis answers if it refuses the connection; a TypeError for an option that has another name or place; an
   *   error with the code `ERR_TLS_MISMATCH` if only one side speaks TLS. A server that cannot be reached is tried on until
   *   `options.signal` aborts, and `options.onRetry` hears of each failed try; the `cause` of the `AbortError` or
   *   `TimeoutError` is the last one's error. A reason that the user gives to `abort()` is thrown as it is
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

  /** As that of any Observable; `retry()` ends with an error for good, and does not come back for another in a tight loop. */
  override subscribe(
    observer?: Partial<Observer<Message<T>>> | ((value: Message<T>) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const args = [observer, error, complete] as unknown as [Partial<Observer<Message<T>>>];
    const subscribe = () => super.subscribe(...args);
    return subscribeWithoutStorm(this, this.#core.finalError, observer, subscribe);
  }

  /** Whether some Channel is open, and the queue is not exhausted. */
  get isActive(): boolean {
    return this.#core.isActive;
  }

  /** The counts as they are now. */
  get stats(): Readonly<ReceiverStats> {
    return this.#core.stats;
  }

  /**
   * Registers a channel (SUBSCRIBE). Nothing goes to Redis before somebody observes it, or the Receiver is connected.
   * The same name gives the same Channel until it is closed.
   *
   * @throws {TypeError} a name that is no string, or another codec or client than the Channel of this name has
   * @throws {ChannelClosedError} the Receiver is stopped
   */
  channel<U extends T = T>(name: string, options?: ChannelOptions<U>): Channel<U> {
    return registerChannel(this.#core, 'channel', name, options);
  }

  /** Registers a pattern (PSUBSCRIBE), Redis's own kind of glob; otherwise like `channel()`. */
  pattern<U extends T = T>(glob: string, options?: ChannelOptions<U>): Channel<U> {
    return registerChannel(this.#core, 'pattern', glob, options);
  }

  /** Registers a sharded channel (SSUBSCRIBE, Redis 7); otherwise like `channel()`. */
  shard<U extends T = T>(name: string, options?: ChannelOptions<U>): Channel<U> {
    return registerChannel(this.#core, 'shard', name, options);
  }

  /**
   * Subscribes all that is registered and starts queueing; resolves when Redis has acknowledged. What is registered
   * later is subscribed at once.
   *
   * @throws {SubscribeError} Redis refuses a Channel, or the client is not open; the other Channels are subscribed
   * @throws {ChannelClosedError} the Receiver is stopped, or stops meanwhile
   */
  async connect(): Promise<this> {
    await this.#core.connect();
    return this;
  }

  /**
   * Takes the next message, or waits for one; undefined if the Receiver stops while it waits.
   *
   * @param options `codec` decodes this message in place of its Channel's; a `signal` that aborts takes no message
   * @throws the error that stands in the stream here; the next `get()` goes on behind it
   * @throws {ChannelClosedError} the Receiver is stopped, and nothing waits
   * @throws {ReceiverBusyError} the Receiver is being observed
   */
  get<U = T>(options?: { codec?: Codec<U>; signal?: AbortSignal }): Promise<Message<U> | undefined> {
    return pullMessage(this.#core, options);
  }

  /** Waits until a message can be taken: true; or until none will come any more: false. */
  waitMessage(options: { signal?: AbortSignal } = {}): Promise<boolean> {
    return pullWaiting(this.#core, options);
  }

  /** Takes message by message; ends after `stop()`, once the queue is empty. `break` leaves the rest in the queue. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message<T>> {
    return new ReceiverIterator<T>(this.#core);
  }

  /**
   * Ends the Receiver at once: observers complete, waiting pulls settle, and what comes afterwards is ignored, counted
   * as `late` and told by an event. What is queued can still be taken. Resolves when the subscriptions are released, and
   * never hangs: it waits 2 seconds at the most.
   */
  stop(): Promise<void> {
    return this.#core.ending.stop();
  }

  /** Unsubscribes, takes what comes before Redis's acknowledgements, and then stops; waits 2 seconds at the most. */
  drain(): Promise<void> {
    return this.#core.ending.drain();
  }

  /** The same as `stop()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
