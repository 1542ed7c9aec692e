import { Observable, type Observer, type Subscriber, type Subscription } from 'rxjs';
import { subscribeWithoutStorm } from './without-storm.js';
import type { ChannelCore } from './channel-core.js';
import type { Codec } from '../codec/codec.js';
import type { ReceiverEvent } from './events.js';
import type { PubSubHub } from '../hub/pub-sub-hub.js';
import type { ChannelKind, Message } from './message.js';

/** Opens a Channel to this package alone, also to another copy of it in the same process. */
const CORE = Symbol.for('rx-redis-receiver.feed.1');

/**
 * One channel, pattern or sharded channel of a Receiver: an Observable that is cold until its first observer, hot and
 * shared while it has any.
 *
 * ```
 * subscribe   --^------------------!--
 *               SUBSCRIBE          UNSUBSCRIBE
 * messages    a----b-----c--d--------e
 * observer      ---b-----c--d------
 * ```
 *
 * It completes when it is closed, or its Receiver is stopped. A message that its codec cannot decode is a
 * {@link DecodeError}; `retry()` goes on with the next one.
 *
 * ```ts
 * const news = receiver.channel('news');
 * news.subscribe(({ data }) => console.log(data));
 * ```
 */
export class Channel<T = string> extends Observable<Message<T>> {
  /** The channel's name, or the pattern's glob. */
  readonly name: string;
  readonly kind: ChannelKind;
  readonly #core: ChannelCore<T>;

  /** @internal */
  constructor(core: ChannelCore<T>) {
    super(observeSource<T>);
    this.name = core.name;
    this.kind = core.kind;
    this.#core = core;
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

  /** @internal */
  get [CORE](): ChannelCore<T> {
    return this.#core;
  }

  get isPattern(): boolean {
    return this.kind === 'pattern';
  }

  /** Whether it has not been closed. */
  get isActive(): boolean {
    return this.#core.isOpen;
  }

  /** The Receiver's events that concern this Channel. */
  get events(): Observable<ReceiverEvent> {
    return new Observable((subscriber) => this.#core.observeEvents(subscriber));
  }

  /**
   * Resolves when Redis has acknowledged the subscription: what is published from then on is heard. It subscribes
   * nothing by itself: observe the Channel, or connect the Receiver.
   *
   * @throws {SubscribeError} Redis refuses the subscription, or has refused it at the last try; or the client is not open
   * @throws {ChannelClosedError} the Channel is closed, or closes meanwhile
   */
  whenSubscribed(): Promise<void> {
    return this.#core.whenSubscribed();
  }

  /**
   * Unsubscribes, completes the observers, and leaves the Receiver; what the Receiver's queue holds of it can still be
   * taken. Resolves when the subscription is released, and never hangs: it waits 2 seconds at the most.
   *
   * An observer that leaves and closes the Channel in the same turn, as with `finalize(() => channel.close())`, does not end
   * the others: the call has no effect while they stay.
   */
  close(): Promise<void> {
    return this.#core.close();
  }
}

/** One function for all Channels, of which there may be very many. */
function observeSource<T>(this: Observable<Message<T>>, subscriber: Subscriber<Message<T>>): void {
  (this as Channel<T>)[CORE].observe(subscriber);
}

/** Returns what stands behind a Channel. */
export function coreOf(channel: Channel<unknown>): ChannelCore<unknown> {
  return channel[CORE];
}

/** The codec behind a Channel. */
export function codecOf<T>(channel: Channel<T>): Codec<T> {
  return channel[CORE].codec;
}

/** Whether Redis has acknowledged a Channel, and the connection is there. */
export function isSubscribed(channel: Channel<unknown>): boolean {
  return channel[CORE].isServed;
}

/** What a Channel is subscribed by: that of its client. */
export function hubBehind(channel: Channel<unknown>): PubSubHub {
  return channel[CORE].hub;
}
