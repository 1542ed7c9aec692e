import { Observable, type Observer, type Subscriber, type Subscription } from 'rxjs';
import type { ChannelKind } from './channel-kind.js';
import { CodedError, named, type SubscribeError } from './errors/errors.js';
import { reasonOf } from './errors/reason-of.js';
import type { OverflowPolicy } from './queue/buffer-options.js';
import { subscribeWithoutStorm } from './subscribe-without-storm.js';

/** Opens a Channel to this package alone, also to another copy of it in the same process. */
const SOURCE = Symbol.for('rx-redis-receiver.source.1');

/** One message, as one Channel heard it. What two Channels hear comes twice, each time with its own `source`. */
export interface Message<T = string> {
  /** The Channel through which it came. */
  readonly source: Channel<T>;
  /** The channel to which it was published. */
  readonly channel: string;
  /** The bytes of that name, where the codec is binary: what is no UTF-8 cannot be told apart in a string. */
  readonly rawChannel?: Buffer;
  /** The glob, if it came through a pattern. */
  readonly pattern?: string;
  /** The payload, decoded by the Channel's codec. */
  readonly data: T;
}

/** What a Channel is a view of. */
export interface ChannelSource<T> {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly isOpen: boolean;
  /** The error that an observer would get at once, and that no other try can mend. */
  readonly finalError: Error | undefined;
  observe(subscriber: Subscriber<Message<T>>): void;
  observeEvents(subscriber: Subscriber<ReceiverEvent>): void;
  whenSubscribed(): Promise<void>;
  close(): Promise<void>;
}

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
  readonly #source: ChannelSource<T>;

  /** @internal */
  constructor(viewed: ChannelSource<T>) {
    super(observeSource<T>);
    this.name = viewed.name;
    this.kind = viewed.kind;
    this.#source = viewed;
  }

  /** As that of any Observable; `retry()` ends with an error for good, and does not come back for another in a tight loop. */
  override subscribe(
    observer?: Partial<Observer<Message<T>>> | ((value: Message<T>) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const args = [observer, error, complete] as unknown as [Partial<Observer<Message<T>>>];
    const subscribe = () => super.subscribe(...args);
    return subscribeWithoutStorm(this, this.#source.finalError, observer, subscribe);
  }

  /** @internal */
  get [SOURCE](): ChannelSource<T> {
    return this.#source;
  }

  get isPattern(): boolean {
    return this.kind === 'pattern';
  }

  /** Whether it has not been closed. */
  get isActive(): boolean {
    return this.#source.isOpen;
  }

  /** The Receiver's events that concern this Channel. */
  get events(): Observable<ReceiverEvent> {
    return new Observable((subscriber) => this.#source.observeEvents(subscriber));
  }

  /**
   * Resolves when Redis has acknowledged the subscription: what is published from then on is heard. It subscribes
   * nothing by itself: observe the Channel, or connect the Receiver.
   *
   * @throws {SubscribeError} Redis refuses the subscription, or has refused it at the last try; or the client is not open
   * @throws {ChannelClosedError} the Channel is closed, or closes meanwhile
   */
  whenSubscribed(): Promise<void> {
    return this.#source.whenSubscribed();
  }

  /**
   * Unsubscribes, completes the observers, and leaves the Receiver; what the Receiver's queue holds of it can still be
   * taken. Resolves when the subscription is released, and never hangs: it waits 2 seconds at the most.
   *
   * An observer that leaves and closes the Channel in the same turn, as with `finalize(() => channel.close())`, does not end
   * the others: the call has no effect while they stay.
   */
  close(): Promise<void> {
    return this.#source.close();
  }
}

/** One function for all Channels, of which there may be very many. */
function observeSource<T>(this: Observable<Message<T>>, subscriber: Subscriber<Message<T>>): void {
  (this as Channel<T>)[SOURCE].observe(subscriber);
}

/** Returns what a Channel is a view of. */
export function sourceOf<T>(channel: Channel<T>): ChannelSource<T> {
  return channel[SOURCE];
}

/** A stretch of time in which messages may be missing. */
export interface Gap {
  /** `'reconnect'`: the connection was lost; `'overflow'`: the buffer was full. */
  readonly cause: 'reconnect' | 'overflow';
  /**
   * Milliseconds since the epoch: when the last message before it was heard, to within 10 ms, or the subscription was
   * acknowledged if none was; earlier, by up to a heartbeat and some seconds, where the servers of a cluster or a Sentinel
   * set only say later that something has moved.
   */
  readonly since: number;
  /** Milliseconds since the epoch: nothing is missing from then on. */
  readonly until: number;
  /** The Channels that may lack messages. */
  readonly channels: readonly Channel<unknown>[];
  /** How many messages were dropped; only where that can be known, for an overflow. */
  readonly dropped?: number;
}

/** What happens to a Receiver beside its messages. */
export type ReceiverEvent =
  /** Redis has acknowledged it. */
  | { readonly type: 'subscribed' | 'unsubscribed'; readonly source: Channel<unknown> }
  /** The connection is lost; the client tries to reconnect. */
  | { readonly type: 'disconnected'; readonly error?: Error }
  /** A try to reconnect has failed, of the client that `Receiver.open` made; another one follows. */
  | { readonly type: 'retry'; readonly error: Error; readonly attempt: number }
  /** Messages may be missing, and everything is subscribed again. */
  | { readonly type: 'gap'; readonly gap: Gap }
  /** The buffer is full; once an episode, which ends with a `gap` when less than half of it is in use. */
  | { readonly type: 'overflow'; readonly dropped: number; readonly overflow: OverflowPolicy }
  /** A message came after its Channel or the Receiver had ended, and was ignored. */
  | {
      readonly type: 'late';
      readonly source: Channel<unknown>;
      readonly channel: string;
      readonly data: string | Buffer;
    }
  /** A codec failed. */
  | { readonly type: 'decode-error'; readonly error: DecodeError }
  /** Redis refused a subscription; the others go on. */
  | { readonly type: 'channel-error'; readonly source: Channel<unknown>; readonly error: SubscribeError };

/** A codec could not decode a message; `raw` is that message, undecoded. */
export class DecodeError extends CodedError {
  readonly code = 'ERR_DECODE';
  /** The message as Redis delivered it. */
  readonly raw: Message<string | Buffer>;

  constructor(raw: Message<string | Buffer>, options?: ErrorOptions) {
    super(
      `A message on ${JSON.stringify(raw.channel)} could not be decoded: ${reasonOf(options?.cause)} ` +
        "The error's 'raw' has the message; retry() goes on with the next one.",
      options,
    );
    this.raw = raw;
  }
}
named(DecodeError, 'DecodeError');

/** Messages may be missing here; `gap` says since when, until when, and on which channels. */
export class GapError extends CodedError {
  readonly code = 'ERR_GAP';
  readonly gap: Gap;

  constructor(gap: Gap, options?: ErrorOptions) {
    const what =
      gap.cause === 'overflow'
        ? `${gap.dropped} messages were dropped by the full buffer`
        : 'The connection was lost and messages may be missing';
    super(
      `${what}, on ${gap.channels.length} channel(s), between ${new Date(gap.since).toISOString()} and ` +
        `${new Date(gap.until).toISOString()}. Fetch a fresh snapshot if you need one; retry() goes on from here.`,
      options,
    );
    this.gap = gap;
  }
}
named(GapError, 'GapError');
