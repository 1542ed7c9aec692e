import { Observable, type Subscriber } from 'rxjs';
import { assertWaitOptions, type WaitOptions } from './abort.js';
import type { ChannelKind } from './channel-kind.js';
import { CodedError, named, type SubscribeError } from './errors/errors.js';
import { reasonOf } from './errors/reason-of.js';
import type { GroupEvent } from './group-event.js';
import type { OverflowPolicy } from './queue/buffer-options.js';
import type { RecoveryError } from './recovery/recovery-error.js';
import { INTERNALS, RetrySafeObservable } from './retry-safe-observable.js';
import type { StreamFields } from './stream-fields.js';

/** A message as one Channel received it. A message for two Channels comes twice, each time with its own `source`. */
export interface Message<T = string> {
  /** The Channel that received the message. */
  readonly source: Channel<T>;
  /** The channel to which the message was published. */
  readonly channel: string;
  /** The bytes of that name, if the codec is binary: names that are not UTF-8 cannot be told apart as strings. */
  readonly rawChannel?: Buffer;
  /** The glob, if the message came through a pattern. */
  readonly pattern?: string;
  /** The id of an entry of a stream, or of a message that {@link recoverable} has published. A Channel can begin behind it. */
  readonly id?: string;
  /** The fields of the entry, for a stream; undefined with a binary codec. */
  readonly fields?: StreamFields;
  /** How often the entry of a group has been delivered to any consumer, this time included. */
  readonly deliveries?: number;
  /** Acknowledges the entry of a group, as handled. Later calls of `ack` and `nack` have no effect. */
  readonly ack?: () => void;
  /**
   * Gives the entry of a group up as failed: it is delivered again after `claimAfter`, or becomes a dead letter if this was the
   * last delivery.
   */
  readonly nack?: () => void;
  /** The payload, decoded by the Channel's codec. */
  readonly data: T;
}

/** A message of a Channel that reads its stream as a consumer of a group. */
export interface GroupMessage<T = StreamFields> extends Message<T> {
  readonly id: string;
  readonly deliveries: number;
  readonly ack: () => void;
  readonly nack: () => void;
}

/** The internals behind a Channel. */
export interface ChannelSource<T> {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly isOpen: boolean;
  /** The error that a new observer would get at once, and that another attempt cannot fix. */
  readonly finalError: Error | undefined;
  observe(subscriber: Subscriber<Message<T>>): void;
  observeEvents(subscriber: Subscriber<ReceiverEvent>): void;
  /** Iterates the messages as an observer of its own. */
  iterate(): AsyncIterableIterator<Message<T>>;
  whenSubscribed(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * A channel, pattern or sharded channel of a Receiver: an Observable that is cold until its first observer, and hot and
 * shared while it has any.
 *
 * ```
 * subscribe   --^------------------!--
 *               SUBSCRIBE          UNSUBSCRIBE
 * messages    a----b-----c--d--------e
 * observer      ---b-----c--d------
 * ```
 *
 * A Channel completes when it is closed, or when its Receiver is stopped. A message that its codec cannot decode causes a
 * {@link DecodeError}; `retry()` continues with the next message.
 *
 * ```ts
 * const news = receiver.channel('news');
 * news.subscribe(({ data }) => console.log(data));
 * ```
 *
 * Observers share a Channel: each gets every message. `for await` is one more observer, whose messages wait in a queue with
 * the bounds of the Receiver.
 *
 * @typeParam T the type of the payloads
 * @typeParam M the type of the messages, which tells more than `Message<T>` for a topic
 */
export class Channel<T = string, M extends Message<T> = Message<T>>
  extends RetrySafeObservable<M>
  implements AsyncIterable<M>
{
  /** The channel's name, the pattern's glob, or the stream's key. */
  readonly name: string;
  /** The kind: `'channel'`, `'pattern'`, `'shard'` or `'stream'`. */
  readonly kind: ChannelKind;
  readonly #source: ChannelSource<T>;

  /** @internal */
  constructor(viewed: ChannelSource<T>) {
    super(observeSource);
    this.name = viewed.name;
    this.kind = viewed.kind;
    this.#source = viewed;
  }

  /** @internal */
  get [INTERNALS](): ChannelSource<T> {
    return this.#source;
  }

  /** True for a Channel made by `pattern()`. */
  get isPattern(): boolean {
    return this.kind === 'pattern';
  }

  /** False once the Channel is closed. */
  get isActive(): boolean {
    return this.#source.isOpen;
  }

  /** The events of the Receiver that concern this Channel. */
  get events(): Observable<ReceiverEvent> {
    return new Observable((subscriber) => this.#source.observeEvents(subscriber));
  }

  /**
   * Resolves when Redis has acknowledged the subscription: messages published from then on are received. The call itself
   * subscribes nothing: observe the Channel, or connect the Receiver.
   *
   * @param options `signal` ends the wait, which then rejects with the reason
   * @throws {SubscribeError} Redis refuses the subscription, or has refused the last attempt; or the client is not open
   * @throws {ChannelClosedError} the Channel is closed, or closes meanwhile
   */
  async whenSubscribed(options: WaitOptions = {}): Promise<void> {
    assertWaitOptions('whenSubscribed()', options);
    await this.#source.whenSubscribed(options.signal);
  }

  /**
   * Observes the Channel and takes one message after the other. Messages that arrive meanwhile wait in a queue of their own;
   * a full queue reports its loss as that of the Receiver does, by `overflow` and `gap`, or under `'error'` by a
   * {@link BufferOverflowError} that ends the loop. `break` unsubscribes.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<M> {
    return this.#source.iterate() as AsyncIterableIterator<Message<unknown>> as AsyncIterableIterator<M>;
  }

  /**
   * Unsubscribes, completes the observers, and removes the Channel from its Receiver; its messages in the Receiver's queue
   * can still be taken. Resolves when the subscription is released, after 2 seconds at most.
   *
   * An observer that unsubscribes and closes the Channel in the same turn, as with `finalize(() => channel.close())`, does
   * not end the other observers: the call has no effect while there are any.
   */
  close(): Promise<void> {
    return this.#source.close();
  }
}

/** Observes the source of a Channel. All Channels share this function, because there may be very many. */
function observeSource<T>(this: Observable<Message<T>>, subscriber: Subscriber<Message<T>>): void {
  (this as Channel<T>)[INTERNALS].observe(subscriber);
}

/** Returns the internals behind a Channel. */
export function sourceOf<T>(channel: Channel<T>): ChannelSource<T> {
  return channel[INTERNALS];
}

/** A period in which messages may be missing. */
export interface Gap {
  /** `'reconnect'`: the connection was lost; `'overflow'`: the buffer was full; `'log'`: a log lacks messages, or is refused. */
  readonly cause: 'reconnect' | 'overflow' | 'log';
  /**
   * Milliseconds since the epoch: when the last message before the gap arrived, to within 10 ms, or the acknowledgement of
   * the subscription if there was no message. Earlier, by up to a heartbeat and some seconds, if the servers of a cluster or
   * Sentinel set report a change only later. A missing message may have been published before, because it took time to arrive.
   */
  readonly since: number;
  /** Milliseconds since the epoch: the time from which no messages are missing. */
  readonly until: number;
  /** The Channels that may lack messages. */
  readonly channels: readonly Channel<unknown>[];
  /** The number of missing messages, where it can be known: for an overflow, and for a log that was not created anew. */
  readonly dropped?: number;
}

/** An event of a Receiver, apart from its messages. */
export type ReceiverEvent =
  /** `'subscribed'`: Redis has acknowledged the subscription. `'unsubscribed'`: no more messages come from it. */
  | { readonly type: 'subscribed' | 'unsubscribed'; readonly source: Channel<unknown> }
  /** The connection is lost; the client tries to reconnect. */
  | { readonly type: 'disconnected'; readonly error?: Error }
  /** An attempt to reconnect has failed, of the client that `Receiver.open` created; another attempt follows. */
  | {
      readonly type: 'retry';
      readonly error: Error;
      /** The number of attempts that have failed since the connection was lost, from 1. */
      readonly attempt: number;
    }
  /** Messages may be missing, because of a lost connection or of an overflow that is over. */
  | { readonly type: 'gap'; readonly gap: Gap }
  /** The buffer is full. Emitted once per episode, which ends with a `gap` when less than half of the buffer is in use. */
  | {
      readonly type: 'overflow';
      /** The number of messages that the episode has dropped so far. */
      readonly dropped: number;
      /** The policy of the buffer. */
      readonly overflow: OverflowPolicy;
    }
  /**
   * A message was ignored. `'late'`: it came after its Channel or the Receiver had ended. `'unmatched'`: the glob of a topic
   * matched its channel, and the template or the schema of a parameter did not.
   */
  | {
      readonly type: 'late' | 'unmatched';
      readonly source: Channel<unknown>;
      /** The channel to which the message was published. */
      readonly channel: string;
      /** The payload as Redis delivered it, not decoded. */
      readonly data: string | Buffer;
    }
  /** A codec failed to decode a message. */
  | { readonly type: 'decode-error'; readonly error: DecodeError }
  /** Redis refused a subscription; the other subscriptions continue. */
  | { readonly type: 'channel-error'; readonly source: Channel<unknown>; readonly error: SubscribeError }
  /** A recoverable Channel has read so many messages from its log, which had not arrived. */
  | {
      readonly type: 'recovered';
      readonly source: Channel<unknown>;
      /** The number of messages since the outage, or the hole, that caused the reading. */
      readonly count: number;
    }
  /** The log of a recoverable Channel cannot be read: what the Channel misses is a `gap` until that is mended. */
  | { readonly type: 'recovery-error'; readonly source: Channel<unknown>; readonly error: RecoveryError }
  /** A server does not show the setting that {@link keyspace} needs: notifications may be missing, or all of them. */
  | { readonly type: 'unchecked'; readonly source: Channel<unknown>; readonly error: Error }
  /** A recoverable Channel has received a message that is not in its log, and could not be recovered if it were missed. */
  | {
      readonly type: 'unrecoverable';
      readonly source: Channel<unknown>;
      /** The channel to which the message was published. */
      readonly channel: string;
    }
  /** An event of a consumer group of a stream. */
  | (GroupEvent & { readonly source: Channel<unknown> });

/** The error of a message that a codec could not decode. */
export class DecodeError extends CodedError {
  readonly code = 'ERR_DECODE';
  /** The message as Redis delivered it, not decoded. */
  readonly raw: Message<string | Buffer>;

  constructor(raw: Message<string | Buffer>, options?: ErrorOptions) {
    super(
      `A message on ${JSON.stringify(raw.channel)} could not be decoded: ${reasonOf(options?.cause)} ` +
        "The error's 'raw' has the message; retry() continues with the next one.",
      options,
    );
    this.raw = raw;
  }
}
named(DecodeError, 'DecodeError');
