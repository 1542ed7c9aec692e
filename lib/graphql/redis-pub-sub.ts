import type { PubSubEngine } from 'graphql-subscriptions';
import type { PubSubAsyncIterableIterator } from 'graphql-subscriptions/dist/pubsub-async-iterable-iterator.js';
import { merge, Subject, switchMap, type Observable, type Subscription } from 'rxjs';
import { retryRecoverable, type ReceiverEvent } from '../index.js';
import { invalidArgument, resolveBounds, type Bounds } from '../internal.js';
import { reportUnhandled } from '../report-unhandled.js';
import { ClientIterator, type PayloadIterator } from './client-iterator.js';
import { Connections } from './connections.js';
import { itemsOf, Substitute, type Item } from './items-of.js';
import { PayloadCodec, type TriggerKind } from './payload-codec.js';
import {
  assertPubSubOptions,
  assertTriggerOptions,
  type RedisPubSubOptions,
  type TriggerOptions,
} from './redis-pub-sub-options.js';

/**
 * A `PubSubEngine` of `graphql-subscriptions` on Redis, which takes the place of the `RedisPubSub` of
 * `graphql-redis-subscriptions`.
 *
 * ```ts
 * const pubSub = new RedisPubSub({ connection: 'redis://localhost:6379' });
 *
 * const resolvers = {
 *   Subscription: {
 *     orderPaid: { subscribe: () => pubSub.asyncIterableIterator('orderPaid') },
 *   },
 * };
 * await pubSub.publish('orderPaid', { orderPaid: { id: 7 } });
 * ```
 *
 * An iterator subscribes at its first `next()`, and its channel is unsubscribed when the last client has left. Each GraphQL
 * client has a queue of its own, with a bound: a slow one costs no more than that, and delays no other. A channel that Redis
 * refuses is an error of the iterator.
 *
 * All subscribers of a message in a process share its payload: do not change it.
 */
export class RedisPubSub implements PubSubEngine, AsyncDisposable {
  /**
   * The events of the Receiver on which the PubSub subscribes: its outages, the channels that Redis refuses. `overflow`, and
   * a `gap` of this cause, concern the queue of one GraphQL client. Observing them opens no connection.
   */
  readonly events: Observable<ReceiverEvent>;

  readonly #options: RedisPubSubOptions;
  readonly #bounds: Bounds;
  readonly #codec: PayloadCodec;
  readonly #connections: Connections;
  readonly #overflows = new Subject<ReceiverEvent>();
  readonly #subscriptions = new Map<number, Subscription>();
  #lastId = 0;

  /**
   * @throws {TypeError} for an unknown or invalid option, or for options that exclude each other
   */
  constructor(options: RedisPubSubOptions = {}) {
    assertPubSubOptions(options);
    const { capacity = 1_024, maxBytes, overflow } = options;
    this.#options = options;
    this.#bounds = resolveBounds({ capacity, maxBytes, overflow });
    this.#codec = new PayloadCodec(options);
    this.#connections = new Connections(options);
    const { opened } = this.#connections;
    this.events = merge(this.#overflows, opened.pipe(switchMap((receiver) => receiver.events)));
  }

  /**
   * Publishes a payload to the channel that has the name of the trigger: `triggerTransform` is not applied. Resolves when
   * Redis has accepted the message.
   *
   * @throws {TypeError} if the payload cannot be encoded, or if there is no client to publish with
   * @throws {ChannelClosedError} if the PubSub is closed
   */
  async publish(trigger: string, payload: unknown): Promise<void> {
    await this.#connections.publish(trigger, this.#codec.encode(payload));
  }

  /**
   * Calls back with each payload of a trigger. Resolves to the id for `unsubscribe` when Redis has acknowledged.
   *
   * An error of the callback is reported as RxJS reports an unhandled error, and so is the end of a client that has given up
   * reconnecting.
   *
   * @param options `pattern: true` for a glob; all options are passed to `triggerTransform`
   * @throws {SubscribeError} if Redis refuses the channel
   * @throws {ChannelClosedError} if the PubSub is closed
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- The callback names the type of its payloads.
  async subscribe<T>(
    trigger: string,
    onMessage: (payload: T) => void,
    options?: TriggerOptions | object,
  ): Promise<number> {
    if (typeof onMessage !== 'function') throw invalidArgument('onMessage', 'a function', onMessage);
    const { kind, name } = this.#nameOf(trigger, options);
    const receiver = await this.#connections.open();
    const channel = this.#codec.channelOf(receiver, kind, name);
    const { onGap = 'event' } = this.#options;
    const subscription = itemsOf([channel], onGap === 'error' ? 'event' : onGap)
      .pipe(retryRecoverable())
      .subscribe({
        next: (item) => onMessage(this.#payloadOf(item) as T),
        error: (error: unknown) => reportUnhandled(error),
      });
    try {
      await channel.whenSubscribed();
    } catch (error) {
      subscription.unsubscribe();
      throw error;
    }
    const id = ++this.#lastId;
    this.#subscriptions.set(id, subscription);
    return id;
  }

  /**
   * Ends a subscription.
   *
   * @throws {TypeError} if no subscription has this id
   */
  unsubscribe(id: number): void {
    const subscription = this.#subscriptions.get(id);
    if (!subscription) throw invalidArgument('the id', 'one of a subscription that has not ended', id);
    this.#subscriptions.delete(id);
    subscription.unsubscribe();
  }

  /**
   * Iterates the payloads of one or several triggers, in the order in which Redis delivers them.
   *
   * @param options `pattern: true` if the triggers are globs; all options are passed to `triggerTransform`
   * @throws {TypeError} if there is no trigger, or for an unknown or invalid option
   */
  asyncIterator<T>(
    triggers: string | readonly string[],
    options?: TriggerOptions | object,
  ): PayloadIterator<T> {
    const names = [triggers].flat().map((trigger) => this.#nameOf(trigger, options));
    if (names.length === 0)
      throw invalidArgument('the triggers', 'a name, or a list of at least one', triggers);
    const { onGap = 'event' } = this.#options;
    const items = this.#connections.observe((receiver) => {
      const channels = names.map(({ kind, name }) => this.#codec.channelOf(receiver, kind, name));
      return itemsOf(channels, onGap);
    });
    return new ClientIterator<T>(items, {
      bounds: this.#bounds,
      onGap,
      payloadOf: (item) => this.#payloadOf(item),
      emit: (event) => this.#overflows.next(event),
    });
  }

  /** Does the same as `asyncIterator`, under the name and with the type of `graphql-subscriptions` 3. */
  asyncIterableIterator<T>(
    triggers: string | readonly string[],
    options?: TriggerOptions | object,
  ): PubSubAsyncIterableIterator<T> {
    // The class has private fields, so that nothing else is assignable to it.
    const iterator: AsyncIterableIterator<T> = this.asyncIterator<T>(triggers, options);
    return iterator as PubSubAsyncIterableIterator<T>;
  }

  /**
   * Ends all subscriptions and iterators, and closes the clients that the PubSub has opened; a client that was passed stays
   * open. Resolves when Redis has acknowledged, after 2 seconds at most.
   */
  async close(): Promise<void> {
    for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
    this.#subscriptions.clear();
    await this.#connections.close();
  }

  /** Calls `close()`, at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #payloadOf(item: Item): unknown {
    return item instanceof Substitute ? item.payload : this.#codec.decode(item);
  }

  #nameOf(trigger: string, options: TriggerOptions | object = {}): { kind: TriggerKind; name: string } {
    const { triggerTransform } = this.#options;
    assertTriggerOptions(options, triggerTransform !== undefined);
    const name = triggerTransform ? triggerTransform(trigger, options) : trigger;
    if (typeof name !== 'string') throw invalidArgument('the channel of a trigger', 'a string', name);
    return { kind: options.pattern ? 'pattern' : 'channel', name };
  }
}
