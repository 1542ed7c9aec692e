import { EventEmitter } from 'node:events';
import { Observable, Subject, type Subscription } from 'rxjs';
import {
  checkedFate,
  checkedHook,
  checkedKind,
  checkedListener,
  checkedMessage,
  checkedName,
  checkedNames,
  checkedPayload,
  checkedSource,
  checkedType,
} from './checks.js';
import type { ListenerSets } from './listener-registry.js';
import { MemoryClient, onWire } from './memory-client.js';
import { MemoryPublisher, type PublishReply } from './memory-publisher.js';
import { MemoryServer } from './memory-server.js';
import { checkedOptions, type MemoryPubSubOptions } from './memory-pub-sub-options.js';
import type { SubscriptionLog } from './subscription-logs.js';
import type { ChannelKind } from '../channel/message.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { Publisher, PubSubClient, WireListener, WireType } from '../hub/client.js';

/** A channel and what is published to it. */
export type MemoryMessage = readonly [channel: string, data: string | Buffer];

type Names = string | readonly string[];

/**
 * Redis Pub/Sub and a node-redis client of it in one object, without a server, a socket or a timer: for tests.
 *
 * It does what a client of node-redis 6 on Redis 7 does, with the same counts, order, globs, events, refusals and
 * reconnects, but in the same tick, so that virtual time governs everything. It is connected from the start.
 *
 * ```ts
 * const redis = new MemoryPubSub();
 * const receiver = new Receiver(redis);
 * receiver.channel('news').subscribe(({ data }) => console.log(data));
 * redis.publish('news', 'hello'); // returns 1, and hello has been printed
 * ```
 *
 * @see marbles
 */
export class MemoryPubSub extends EventEmitter implements PubSubClient {
  /** Names and globs that Redis refuses to subscribe, with NOPERM. */
  readonly forbidden = new Set<string>();
  /**
   * What this client was asked to send, such as `'SUBSCRIBE a b'`, from the first on; it never completes. What a reconnect
   * subscribes again is not among it.
   */
  readonly commands: Observable<string>;

  readonly #options: MemoryPubSubOptions;
  readonly #log: string[] = [];
  readonly #asked = new Subject<string>();
  #server!: MemoryServer;
  #client!: MemoryClient;

  constructor(options: MemoryPubSubOptions = {}) {
    super();
    this.#options = checkedOptions(options);
    this.commands = new Observable((subscriber) => {
      for (const text of [...this.#log]) subscriber.next(text);
      return this.#asked.subscribe(subscriber);
    });
    this.#join(new MemoryServer());
  }

  /** Whether it has not been closed, and has not given up. */
  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  /** Whether it is connected, and subscribed again to all that it knows of. */
  get isReady(): boolean {
    return this.#client.isReady;
  }

  /** {@link commands} until now. */
  get log(): readonly string[] {
    return this.#log;
  }

  // What a node-redis client has

  /** SUBSCRIBE. The promise resolves in the moment of the acknowledgement, and rejects when Redis refuses. */
  subscribe(channels: Names, listener: WireListener, bufferMode = false): Promise<void> {
    return this.#subscribe('channel', channels, listener, bufferMode);
  }

  /** UNSUBSCRIBE: the listener, or without one all of them, from these names, or without any from all names. */
  unsubscribe(channels?: Names, listener?: WireListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('channel', channels, listener, bufferMode);
  }

  /** PSUBSCRIBE. */
  pSubscribe(patterns: Names, listener: WireListener, bufferMode = false): Promise<void> {
    return this.#subscribe('pattern', patterns, listener, bufferMode);
  }

  /** PUNSUBSCRIBE. */
  pUnsubscribe(patterns?: Names, listener?: WireListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('pattern', patterns, listener, bufferMode);
  }

  /** SSUBSCRIBE. */
  sSubscribe(channels: Names, listener: WireListener, bufferMode = false): Promise<void> {
    return this.#subscribe('shard', channels, listener, bufferMode);
  }

  /** SUNSUBSCRIBE. */
  sUnsubscribe(channels?: Names, listener?: WireListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('shard', channels, listener, bufferMode);
  }

  /** The client's live registry of listeners, by name. */
  getPubSubListeners(type: WireType): Map<string, ListenerSets> {
    return this.#client.registry.of(checkedType(type));
  }

  /** Another client of the same Redis, with the same options. */
  duplicate(): MemoryPubSub {
    const other = new MemoryPubSub(this.#options);
    other.#join(this.#server);
    return other;
  }

  /** Opens a client that was closed or has given up; what its registry holds is subscribed again. Resolves when ready. */
  connect(): Promise<this> {
    if (this.isOpen)
      return Promise.reject(new Error('Socket already opened: connect() is for a closed client.'));
    const ready = new Promise<this>((resolve) => this.once('ready', () => resolve(this)));
    this.#client.open();
    return ready;
  }

  /** The user closes it: `end`. What is not acknowledged fails. */
  close(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  /** As {@link close}. */
  destroy(): void {
    this.#client.end(new Error('Disconnects client'), () => this.emit('end'));
  }

  // What others and Redis do

  /**
   * Somebody publishes. Returns the receivers as Redis counts them: each client once for the channel and once for each of
   * its patterns that match. Listeners are called before it returns, the channel's before the patterns'; what is published
   * from inside a listener comes when all that was before it has come.
   *
   * @throws what a listener throws; nothing else is lost by it
   */
  publish(channel: string, data: string | Buffer): number {
    return this.#server.publish(onWire(checkedName(channel, 'channel')), checkedPayload(data));
  }

  /** SPUBLISH: as {@link publish}, to those who have subscribed the sharded channel. */
  sPublish(channel: string, data: string | Buffer): number {
    return this.#server.sPublish(onWire(checkedName(channel, 'shard')), checkedPayload(data));
  }

  /**
   * Publishes what the source emits, until it ends or the subscription is closed.
   *
   * ```ts
   * redis.feed(hot('-a-b', { a: ['news', 'hello'], b: ['news', 'world'] }));
   * ```
   *
   * An error of the source, and a value that is no message, are reported as RxJS reports errors that nobody handles.
   */
  feed(source: Observable<MemoryMessage>): Subscription {
    return checkedSource(source).subscribe((message) => {
      this.publish(...checkedMessage(message));
    });
  }

  /**
   * A client for publishing alone, for tests of `publishTo`. Redis publishes at once; `reply` says what it answers, and
   * when: a number, or an Observable, whose first value or error settles the promise in that moment.
   *
   * ```ts
   * const slow = redis.publisher(({ receivers }) => of(receivers).pipe(delay(5)));
   * expectObservable(hot('-a').pipe(publishTo(slow, 'news'))).toBe('------n', { n: 0 });
   * ```
   *
   * @param reply by default the number of receivers, at once
   */
  publisher(reply: PublishReply = ({ receivers }) => receivers): Required<Publisher> {
    return new MemoryPublisher(this, reply);
  }

  /** The names that this client has subscribed in Redis. */
  subscriptions(kind: ChannelKind): string[] {
    return this.#client.subscriptions(checkedKind(kind));
  }

  /**
   * From when to when this client had the name subscribed in Redis: for `expectSubscriptions`. It grows as time goes on.
   *
   * ```ts
   * expectSubscriptions(redis.subscriptionLog('news')).toBe('-^---!');
   * ```
   */
  subscriptionLog(name: string, kind: ChannelKind = 'channel'): SubscriptionLog[] {
    return this.#client.logs.of(checkedKind(kind), onWire(checkedName(name, kind)));
  }

  // Acknowledgements

  /** Requests are neither executed nor acknowledged from now on. */
  withhold(): void {
    this.#client.line.withhold();
  }

  /**
   * Redis executes and acknowledges all that waits, in order, and from now on at once (or with the delay of the options).
   * What `beforeResolve` publishes comes right behind the replies, as in one chunk of the socket: before the promises
   * resolve.
   */
  acknowledge(beforeResolve?: () => void): void {
    this.#client.line.release(checkedHook(beforeResolve));
  }

  /** Redis executes and acknowledges the oldest of what waits, alone; false if nothing waits. */
  acknowledgeNext(beforeResolve?: () => void): boolean {
    return this.#client.line.releaseNext(checkedHook(beforeResolve));
  }

  /** What waits fails, while the connection looks alive. */
  reject(error: Error): void {
    for (const request of this.#client.line.recall()) request.settle(error);
  }

  // The connection

  /**
   * The connection dies: `error`, `reconnecting`, and nothing comes until {@link reconnect}. What was not acknowledged is
   * rejected with the error; `'keep'`: it had not been written yet, and will be. Does nothing while it is not connected.
   */
  disconnect(
    error: Error = new Error('Socket closed unexpectedly'),
    requests: 'reject' | 'keep' = 'reject',
  ): void {
    this.#client.disconnect(error, checkedFate(requests));
  }

  /** A try to reconnect fails: `error`, `reconnecting`. Does nothing while it is connected. */
  failToReconnect(error: Error = new Error('connect ECONNREFUSED')): void {
    if (!this.isOpen || this.#client.hasConnection) return;
    this.#emitError(error);
    this.emit('reconnecting');
  }

  /**
   * The connection is back: `connect`, then what the registry holds is subscribed again and what waited is sent, then
   * `ready`; all of it at once, unless acknowledgements are delayed or withheld. Returns whether the client is ready. It is
   * not where Redis refuses one of the names: `error` (NOPERM), `reconnecting`, and the next try is yours.
   *
   * @throws if the client was closed or has given up
   */
  reconnect(): boolean {
    if (!this.isOpen)
      throw new Error(
        'The client was closed or has given up, and does not reconnect: call connect() instead.',
      );
    this.#client.reconnect();
    return this.isReady;
  }

  /** The client gives up for good: `terminated`, `error`. What is not acknowledged fails. */
  giveUp(cause: Error = new Error('connect ECONNREFUSED')): void {
    this.#client.end(cause, () => {
      this.emit('terminated', cause);
      this.#emitError(cause);
    });
  }

  #subscribe(kind: ChannelKind, names: Names, listener: WireListener, binary: boolean): Promise<void> {
    return rejectingErrors(() => {
      const list = checkedNames(names, kind);
      const change = this.#client.registry.subscribe(kind, list, checkedListener(listener), binary);
      return this.#client.request('subscribe', kind, change);
    });
  }

  #unsubscribe(
    kind: ChannelKind,
    names: Names | undefined,
    listener: WireListener | undefined,
    binary: boolean,
  ): Promise<void> {
    const { registry } = this.#client;
    return rejectingErrors(() => {
      // The empty string alone means all names to node-redis, too.
      const list = names === undefined || names === '' ? undefined : checkedNames(names, kind);
      if (list?.length === 0)
        throw invalidArgument(
          'the names',
          'not empty',
          names,
          'node-redis would drop all subscriptions and hang.',
        );
      const change =
        list && listener !== undefined
          ? registry.unsubscribe(kind, list, checkedListener(listener), binary)
          : registry.unsubscribeAll(kind, list);
      return this.#client.request('unsubscribe', kind, change);
    });
  }

  #join(server: MemoryServer): void {
    this.#server = server;
    this.#client = new MemoryClient({
      ...checkedOptions(this.#options),
      server,
      forbidden: this.forbidden,
      emit: (event, ...args) => {
        if (event === 'error') this.#emitError(args[0] as Error);
        else this.emit(event, ...args);
      },
      onCommand: (text) => {
        this.#log.push(text);
        this.#asked.next(text);
      },
    });
  }

  /** Without a listener an EventEmitter would throw it at the test. */
  #emitError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }
}

/** No `async` function: its promise would settle some microtasks later. */
function rejectingErrors(work: () => Promise<void>): Promise<void> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}
