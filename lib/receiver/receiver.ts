import type { Observable } from 'rxjs';
import { abortable, assertWaitOptions, type WaitOptions } from '../abort.js';
import type { Message, ReceiverEvent } from '../channel.js';
import type { Codec } from '../codec/codec.js';
import type { PubSubClient } from '../hub/client.js';
import type { OpenOptions } from '../open/open-options.js';
import {
  type CodecRequired,
  type OpenReceiverOptions,
  type OptionsFor,
  type ReceiverOptions,
  type TopicsOption,
  type TypedOptions,
} from '../receiver-options.js';
import { INTERNALS } from '../retry-safe-observable.js';
import { createCore } from './create-core.js';
import { openOwned } from './open-owned.js';
import { pullMessage, pullWaiting } from './pull-promises.js';
import type { ReceiverCore } from './receiver-core.js';
import { ReceiverIterator } from './receiver-iterator.js';
import { ReceiverSources } from './receiver-sources.js';
import type { Received } from '../topics/received.js';
import type { TopicDeclarations, TopicName } from '../topics/topic-types.js';
import { topicChannel, type TopicArguments, type TopicChannel } from './register-topics.js';
import type { ReceiverStats } from './stats.js';

/**
 * Any number of Redis channels, patterns, sharded channels and streams as one Observable: their messages merge in the order in
 * which they arrive, and wait in one bounded queue until they are observed or pulled.
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
 * A Receiver is connected while it is observed or iterated, or else from `connect()` or the first pull until it stops. While
 * it is connected, every registered Channel is subscribed. Observers share a Receiver: each gets every message. Pulls share it,
 * too: each takes another message. Observing and pulling exclude each other ({@link ReceiverBusyError}).
 *
 * An error in the stream ({@link DecodeError}, {@link BufferOverflowError}, {@link SubscribeError}, {@link GapError})
 * stands at its place, and ends only the observers or the pull that meet it: {@link retryRecoverable}, or the next `get()`,
 * continues with the next message. Only a {@link ConnectionLostError} is final.
 */
export class Receiver<T = string, D extends TopicDeclarations | undefined = undefined>
  extends ReceiverSources<T, Received<T, D>>
  implements AsyncIterable<Received<T, D>>, AsyncDisposable
{
  /**
   * The client of the Receiver: the argument of the constructor, or the client that `open` made, which is closed when the
   * Receiver stops. Use it to listen to `'error'` events, to share the connection with another Receiver, or to send commands;
   * beside subscriptions, commands need RESP3. The Receiver ends when the client is closed.
   */
  readonly client: PubSubClient;
  /** The events of the Receiver, apart from its messages. The stream is hot, and completes when nothing more can happen. */
  readonly events: Observable<ReceiverEvent>;

  readonly #core: ReceiverCore;

  /**
   * Makes a Receiver on a client of the user, which stays open when the Receiver stops.
   *
   * @param client an open client of node-redis: of a single server, a cluster or a Sentinel set
   * @throws {TypeError} if the client lacks a method, or for an unknown or invalid option
   */
  constructor(client: PubSubClient, options: TypedOptions<T, D>);
  constructor(client: PubSubClient, ...options: OptionsFor<ReceiverOptions<T>, T>);
  constructor(client: PubSubClient, options: ReceiverOptions<T> = {}) {
    const core: ReceiverCore = createCore(client, options);
    super(core);
    this.client = client;
    this.#core = core;
    this.events = core.events.asObservable();
  }

  /**
   * Opens a Receiver with a client of its own, which is closed when the Receiver stops. The client pings the server, finds a
   * half-open connection within 15 seconds, and reconnects without end, after pauses of 50 ms to 2 seconds with jitter;
   * `pingInterval`, `socket.socketTimeout` and `socket.reconnectStrategy` override these settings. The call loads `redis`.
   *
   * While the server cannot be reached, `open` keeps trying. `options.onRetry` reports each failed attempt, and
   * `options.signal` ends the wait: the `cause` of the `AbortError` or `TimeoutError` is the error of the last attempt.
   *
   * @param redis a URL, or the options of node-redis's `createClient`, `createCluster` (with `rootNodes`) or
   *   `createSentinel` (with `sentinelRootNodes`); by default `redis://localhost:6379`. Settings of the connections of a
   *   cluster belong in `defaults`, those of a Sentinel set in `nodeClientOptions` and `sentinelClientOptions`
   * @throws {TypeError} for an option that is unknown, invalid or misplaced
   * @throws {Error} the error of Redis if it refuses the connection, or an error with the code `ERR_TLS_MISMATCH` if only
   *   one side speaks TLS
   */
  static open<T>(
    redis: string | OpenOptions | undefined,
    options: CodecRequired<OpenReceiverOptions<T>, T>,
  ): Promise<Receiver<T>>;
  static open<D extends TopicDeclarations>(
    redis: string | OpenOptions | undefined,
    options: OpenReceiverOptions<string> & TopicsOption<D>,
  ): Promise<Receiver<string, D>>;
  static open<T = string>(
    redis?: string | OpenOptions,
    ...options: OptionsFor<OpenReceiverOptions<T>, T>
  ): Promise<Receiver<T>>;
  static async open(redis?: string | OpenOptions, options?: OpenReceiverOptions<unknown>): Promise<unknown> {
    const { client, ...opened } = await openOwned(redis, options);
    return new Receiver<unknown>(client, opened);
  }

  /** @internal */
  get [INTERNALS](): ReceiverCore {
    return this.#core;
  }

  /** True while a Channel is registered; after the end, while the queue has messages. */
  get isActive(): boolean {
    return this.#core.isActive;
  }

  /** The present counts. */
  get stats(): Readonly<ReceiverStats> {
    return this.#core.stats;
  }

  /**
   * Registers the channel of a topic for these parameters, or a pattern if parameters are missing, as `channel()` does. A
   * topic of shards needs all parameters.
   *
   * @throws {TypeError} if the Receiver does not have the topic, for an unknown or invalid parameter, or for an option that
   *   is unknown or invalid
   */
  topic<K extends TopicName<D>>(template: K, ...rest: TopicArguments<D, K>): TopicChannel<D, K> {
    return topicChannel(this.#core, template, rest) as TopicChannel<D, K>;
  }

  /**
   * Subscribes every registered Channel and starts to queue messages; resolves when Redis has acknowledged. A Channel that is
   * registered later is subscribed at once.
   *
   * @param options `signal` ends the wait: the promise rejects with the reason, and the Receiver stays connected
   * @throws {SubscribeError} if Redis refuses a Channel, while the others are subscribed; or if the client is not open
   * @throws {ChannelClosedError} if the Receiver is stopped, or stops meanwhile
   */
  async connect(options: WaitOptions = {}): Promise<this> {
    assertWaitOptions('connect()', options);
    return abortable<this>(options.signal, (resolve, reject) => {
      this.#core.connect().then(() => resolve(this), reject);
      return () => undefined;
    });
  }

  /**
   * Takes the next message, or waits for one; resolves to undefined if the Receiver stops while the call waits.
   *
   * @param options `codec` decodes this message in place of the Channel's codec; `signal` ends the wait, and then no message
   *   is taken
   * @throws {Error} the error that stands at this place in the stream; the next `get()` continues behind it
   * @throws {ChannelClosedError} if the Receiver is stopped, and its queue is empty
   * @throws {ReceiverBusyError} if the Receiver is observed
   * @throws {SubscribeError} if the client is not open, and the queue is empty
   */
  get<U>(options: { codec: Codec<U>; signal?: AbortSignal | undefined }): Promise<Message<U> | undefined>;
  get(options?: WaitOptions): Promise<Received<T, D> | undefined>;
  get(options?: WaitOptions): Promise<unknown> {
    return pullMessage(this.#core, options);
  }

  /**
   * Resolves to true when a message can be taken, and to false when no message will come any more. Takes no message.
   *
   * @param options `signal` ends the wait
   * @throws {ReceiverBusyError} if the Receiver is observed
   * @throws {SubscribeError} if the client is not open, and the queue is empty
   */
  waitMessage(options: WaitOptions = {}): Promise<boolean> {
    return pullWaiting(this.#core, options);
  }

  /** Takes one message after the other; ends after `stop()`, once the queue is empty. `break` leaves the rest in the queue. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Received<T, D>> {
    return new ReceiverIterator<Received<T, D>>(this.#core);
  }

  /**
   * Ends the Receiver at once: observers complete, waiting pulls settle, and messages that arrive later are ignored, counted
   * as `late` and reported by an event. Queued messages can still be taken. Resolves when the subscriptions are released,
   * after 2 seconds at most.
   */
  stop(): Promise<void> {
    return this.#core.ending.stop();
  }

  /**
   * Unsubscribes, accepts the messages that arrive before Redis acknowledges, and then stops. Resolves when the subscriptions
   * are released, after 2 seconds at most.
   */
  drain(): Promise<void> {
    return this.#core.ending.drain();
  }

  /** Calls `stop()`, at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
