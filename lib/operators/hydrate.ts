import {
  from,
  Observable,
  take,
  throwIfEmpty,
  type ObservableInput,
  type Subscriber,
  type Subscription,
} from 'rxjs';
import { BoundedQueue } from '../queue/bounded-queue.js';
import { resolveBounds, type Bounds, type BufferOptions } from '../queue/buffer-options.js';
import { isSubscribed, type Channel } from '../channel/channel.js';
import type { ReceiverEvent } from '../channel/events.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import type { Message } from '../channel/message.js';
import type { Receiver } from '../receiver/receiver.js';

/** What `hydrate` emits: a snapshot, and the messages that belong behind it. */
export type Hydrated<S, T> =
  | { readonly kind: 'snapshot'; readonly snapshot: S }
  | { readonly kind: 'message'; readonly message: Message<T> };

const OPTIONS = optionNames<BufferOptions>({ capacity: true, maxBytes: true, overflow: true });

/**
 * Joins a snapshot with its live updates, without a race between the two, and again after every gap.
 *
 * ```
 * live       --(subscribed)--a---b-----c----(gap)--d-----e--
 * snapshot()               -----S|            -----T|
 * hydrate    -------------------(Sab)--c-----------(Td)--e--
 * ```
 *
 * It subscribes to `live`, waits for Redis to acknowledge, and takes the snapshot only then, so that nothing falls
 * between them; messages that come meanwhile are kept, and follow it. A message that was published before the snapshot
 * was read may follow it, so updates have to be such that applying one twice does no harm. After a gap the messages that
 * were kept before it are dropped: the new snapshot is later than they are. A gap while a snapshot is being taken starts
 * it afresh. In front of a Receiver's queue that may overflow, choose `drop-oldest`: of the other policies what waited
 * before the loss comes behind the new snapshot.
 *
 * ```ts
 * const receiver = await Receiver.open<Price>(url, { codec: json() });
 * const prices = receiver.channel('prices');
 * hydrate(prices, () => client.hGetAll('prices')).subscribe((part) => {
 *   if (part.kind === 'snapshot') board.reset(part.snapshot);
 *   else board.apply(part.message.data);
 * });
 * ```
 *
 * @param live a Channel, or a Receiver with all its Channels
 * @param snapshot takes the snapshot: the first value of what it returns. If it fails, or gives none, that is an error
 *   of the stream; `retry()` begins anew
 * @param options the bounds of what is kept while a snapshot is taken: by default 16,384 messages and 64 MiB, and a
 *   {@link BufferOverflowError} behind what was kept; `Infinity` is allowed
 * @see {@link Receiver.events} for the gaps
 */
export function hydrate<S, T>(
  live: Channel<T> | Receiver<T>,
  snapshot: () => ObservableInput<S>,
  options: BufferOptions = {},
): Observable<Hydrated<S, T>> {
  if (!isChannel(live) && !isReceiver(live))
    throw invalidArgument('the live source', 'a Channel or a Receiver', live);
  if (typeof snapshot !== 'function') throw invalidArgument('the snapshot', 'a function', snapshot);
  assertKnownOptions('the options of hydrate', options, OPTIONS);
  const bounds = resolveBounds(options, 'unbounded');
  return new Observable((subscriber) => new Hydration(live, snapshot, bounds, subscriber).start());
}

/** `'replaying'`: the snapshot is out, and what was kept follows it. */
type Phase = 'subscribing' | 'fetching' | 'replaying' | 'live';

class Hydration<S, T> {
  readonly #live: Channel<T> | Receiver<T>;
  readonly #snapshot: () => ObservableInput<S>;
  readonly #subscriber: Subscriber<Hydrated<S, T>>;
  readonly #kept: BoundedQueue<Message<T>>;
  #phase: Phase = 'subscribing';
  /** The Channels whose acknowledgement is still to come. */
  #missing = new Set<Channel<unknown>>();
  #fetching: Subscription | undefined;
  #isLiveOver = false;

  constructor(
    live: Channel<T> | Receiver<T>,
    snapshot: () => ObservableInput<S>,
    bounds: Bounds,
    subscriber: Subscriber<Hydrated<S, T>>,
  ) {
    this.#live = live;
    this.#snapshot = snapshot;
    this.#subscriber = subscriber;
    this.#kept = new BoundedQueue<Message<T>>({ bounds });
  }

  start(): void {
    const subscriber = this.#subscriber;
    subscriber.add(() => this.#fetching?.unsubscribe());
    subscriber.add(() => this.#kept.clear());
    this.#missing = new Set(channelsOf(this.#live).filter((channel) => !isSubscribed(channel)));
    subscriber.add(this.#live.events.subscribe((event) => this.#onEvent(event)));
    subscriber.add(
      this.#live.subscribe({
        next: (message) => this.#onMessage(message),
        error: (error: unknown) => subscriber.error(error),
        complete: () => this.#onLiveOver(),
      }),
    );
    this.#fetchIfSubscribed();
  }

  #onEvent(event: ReceiverEvent): void {
    if ('source' in event) this.#missing.delete(event.source);
    if (event.type === 'gap') this.#onGap(event.gap.cause, event.gap.channels);
    else this.#fetchIfSubscribed();
  }

  #onGap(cause: 'reconnect' | 'overflow', channels: readonly Channel<unknown>[]): void {
    // What the Receiver's queue has dropped, the Channel's own observers have heard.
    if (cause === 'overflow' && isChannel(this.#live)) return;
    for (const channel of channels) this.#missing.delete(channel);
    if (this.#phase === 'subscribing') this.#fetchIfSubscribed();
    else this.#fetch();
  }

  #fetchIfSubscribed(): void {
    if (this.#phase === 'subscribing' && this.#missing.size === 0 && !this.#subscriber.closed)
      this.#fetch(false);
  }

  #fetch(isAnew = true): void {
    this.#phase = 'fetching';
    this.#fetching?.unsubscribe();
    if (isAnew) this.#kept.clear();
    let snapshot;
    try {
      snapshot = from(this.#snapshot());
    } catch (error) {
      return this.#subscriber.error(error);
    }
    this.#fetching = snapshot.pipe(take(1), throwIfEmpty()).subscribe({
      next: (value) => this.#onSnapshot(value),
      error: (error: unknown) => this.#subscriber.error(error),
    });
  }

  #onSnapshot(snapshot: S): void {
    this.#phase = 'replaying';
    this.#subscriber.next({ kind: 'snapshot', snapshot });
    this.#replay();
  }

  /** In a loop, because a consumer may publish, or meet a gap, from inside its handler. */
  #replay(): void {
    while (this.#phase === 'replaying' && !this.#kept.isEmpty) {
      const error = this.#kept.takeError();
      if (error) return this.#subscriber.error(error);
      const message = this.#kept.shift();
      if (message) this.#subscriber.next({ kind: 'message', message });
    }
    if (this.#phase !== 'replaying') return;
    this.#phase = 'live';
    if (this.#isLiveOver) this.#subscriber.complete();
  }

  #onMessage(message: Message<T>): void {
    if (this.#phase === 'live') this.#subscriber.next({ kind: 'message', message });
    else this.#kept.push(message);
  }

  #onLiveOver(): void {
    this.#isLiveOver = true;
    if (this.#phase === 'live' || this.#phase === 'subscribing') this.#subscriber.complete();
  }
}

function channelsOf(live: Channel<unknown> | Receiver<unknown>): Channel<unknown>[] {
  if (isChannel(live)) return [live];
  return [live.channels, live.patterns, live.shards].flatMap((channels) => [...channels.values()]);
}

/** By their shape: the source may come from another copy of this package. */
function isChannel<T>(live: Channel<T> | Receiver<T>): live is Channel<T> {
  return live instanceof Observable && 'whenSubscribed' in live;
}

function isReceiver(live: object): boolean {
  return live instanceof Observable && 'waitMessage' in live;
}
