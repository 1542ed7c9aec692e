import { defer, Subscription, take, throwIfEmpty, type ObservableInput, type Subscriber } from 'rxjs';
import type { Channel, Gap, Message, ReceiverEvent } from '../channel.js';
import { coreOf } from '../channel/core-of.js';
import { BoundedQueue } from '../queue/bounded-queue.js';
import type { Bounds } from '../queue/buffer-options.js';
import { byteSize } from '../queue/byte-size.js';
import { currentFlow, type Flow } from '../queue/flow.js';
import { deliverWaiting, handlingOf, kept } from '../queue/handling.js';
import type { Receiver } from '../receiver/receiver.js';
import { AwaitedChannels, isAwaited } from './await-subscription.js';
import { subscribeWithin } from '../queue/subscribe-within.js';
import { channelsOf, isChannel } from './live-source.js';

/** Output of `hydrate`: a snapshot, or a message that belongs after the snapshot. */
export type Hydrated<S, T, M = Message<T>> =
  | {
      readonly kind: 'snapshot';
      /** Value that the snapshot function returned. */
      readonly snapshot: S;
    }
  | {
      readonly kind: 'message';
      /** Message that arrived after Redis had acknowledged the subscription. */
      readonly message: M;
    };

type Phase<S> =
  /** Acknowledgements are outstanding. */
  | { readonly is: 'subscribing' }
  /** A snapshot is being taken. */
  | { readonly is: 'fetching' }
  /** The snapshot goes to the consumer next. */
  | { readonly is: 'fetched'; readonly snapshot: S }
  /** The consumer has the snapshot: the kept messages follow, and then the new ones. */
  | { readonly is: 'live' };

/**
 * One subscription of a `hydrate`. The consumer and the snapshot function may do anything inside a call: cause a gap,
 * publish, close or unsubscribe. Therefore a single loop emits the parts, and a part that arrives meanwhile waits until the
 * consumer is done with the part before. Otherwise the consumer would finish with an old part after a newer snapshot.
 */
export class Hydration<S, T> {
  readonly #live: Channel<T> | Receiver<T>;
  readonly #snapshot: () => ObservableInput<S>;
  readonly #subscriber: Subscriber<Hydrated<S, T>>;
  readonly #kept: BoundedQueue<Message<T>>;
  readonly #awaited = new AwaitedChannels(() => this.#fetchIfSubscribed());
  /** Streams that wait for room. */
  readonly #held = new Set<Flow>();
  /** Channels that the snapshot covers: a gap event reports any message that they miss from then on. */
  #covered = new Set<Channel<unknown>>();
  #phase: Phase<S> = { is: 'subscribing' };
  #fetching = new Subscription();
  #isStarting = true;
  #isHanding = false;
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
    this.#kept = new BoundedQueue<Message<T>>({
      bounds,
      isKept: ({ source }) => source.kind === 'stream',
      onDrop: (message) => handlingOf(message)?.end('abandoned'),
    });
  }

  start(): void {
    const subscriber = this.#subscriber;
    subscriber.add(() => {
      this.#fetching.unsubscribe();
      this.#awaited.clear();
      this.#dropKept();
    });
    subscriber.add(this.#live.events.subscribe((event) => this.#onEvent(event)));
    subscribeWithin(subscriber, this.#live, {
      next: (message) => this.#onMessage(message),
      error: (error: unknown) => subscriber.error(error),
      complete: () => this.#onLiveOver(),
    });
    this.#isStarting = false;
    // The Channels that the Receiver wants are known only after the subscription above.
    this.#awaitChannels();
    this.#fetchIfSubscribed();
  }

  #onEvent(event: ReceiverEvent): void {
    switch (event.type) {
      case 'gap':
        return this.#onGap(event.gap.cause, event.gap.channels);
      case 'subscribed':
        return this.#onSubscribed(event.source);
      case 'unsubscribed':
        this.#covered.delete(event.source);
        return;
      case 'channel-error':
        this.#awaited.remove(event.source);
        return this.#fetchIfSubscribed();
      default:
    }
  }

  #onSubscribed(channel: Channel<unknown>): void {
    if (coreOf(channel).isServed) this.#awaited.remove(channel);
    if (this.#phase.is === 'subscribing' || this.#covered.has(channel)) return this.#fetchIfSubscribed();
    // No snapshot covers this Channel yet. Other Channels may have been registered with it: one snapshot serves them all.
    this.#reset({ is: 'subscribing' });
    this.#awaitChannels();
    this.#fetchIfSubscribed();
  }

  #onGap(cause: Gap['cause'], channels: readonly Channel<unknown>[]): void {
    // The Channel's own observers have received the messages that the Receiver's queue has dropped.
    if (cause === 'overflow' && isChannel(this.#live)) return;
    for (const channel of channels) if (coreOf(channel).isServed) this.#awaited.remove(channel);
    if (this.#phase.is === 'subscribing') return this.#fetchIfSubscribed();
    this.#reset({ is: 'fetching' });
    this.#fetch();
  }

  #awaitChannels(): void {
    if (this.#subscriber.closed) return;
    const wantedBy = isChannel(this.#live) ? 'observers' : 'receiver';
    for (const channel of channelsOf(this.#live))
      if (!this.#covered.has(channel) && isAwaited(channel, wantedBy)) this.#awaited.add(channel);
  }

  #fetchIfSubscribed(): void {
    if (this.#phase.is !== 'subscribing' || this.#isStarting || !this.#awaited.isEmpty) return;
    // The Channel is closed, and its completion is about to arrive.
    if (isChannel(this.#live) && !this.#live.isActive) return;
    this.#phase = { is: 'fetching' };
    this.#fetch();
  }

  /** Drops the pending snapshot and the kept messages: the next snapshot is later than both. */
  #reset(phase: Phase<S>): void {
    this.#phase = phase;
    this.#fetching.unsubscribe();
    this.#dropKept();
  }

  #dropKept(): void {
    for (let one = this.#kept.shift(); one; one = this.#kept.shift()) handlingOf(one)?.end('returned');
    this.#kept.clear();
    this.#releaseAll();
  }

  #fetch(): void {
    if (this.#subscriber.closed) return;
    const channels = channelsOf(this.#live);
    this.#covered = new Set(channels.filter((one) => coreOf(one).isServed || this.#covered.has(one)));
    // Assign before the snapshot function runs, so that a gap or an unsubscribe inside the function can cancel the snapshot.
    const fetching = new Subscription();
    this.#fetching = fetching;
    subscribeWithin(fetching, defer(this.#snapshot).pipe(take(1), throwIfEmpty()), {
      next: (snapshot) => {
        this.#phase = { is: 'fetched', snapshot };
        this.#hand();
      },
      error: (error: unknown) => this.#subscriber.error(error),
      complete: () => undefined,
    });
  }

  #hand(): void {
    if (this.#isHanding) return;
    this.#isHanding = true;
    try {
      for (let part = this.#next(); part; part = this.#next()) {
        const next = part;
        const handling = next.kind === 'message' ? handlingOf(next.message) : undefined;
        deliverWaiting(handling, undefined, () => this.#subscriber.next(next));
      }
    } finally {
      this.#isHanding = false;
    }
    if (this.#phase.is === 'live') this.#releaseAll();
    if (this.#isLiveOver && this.#phase.is === 'live') this.#subscriber.complete();
  }

  /** Takes the next part for the consumer, if one is ready. */
  #next(): Hydrated<S, T> | undefined {
    if (this.#phase.is === 'fetched') {
      const { snapshot } = this.#phase;
      this.#phase = { is: 'live' };
      return { kind: 'snapshot', snapshot };
    }
    if (this.#phase.is !== 'live') return undefined;
    const error = this.#kept.takeError();
    if (error) this.#subscriber.error(error);
    const message = this.#kept.shift();
    return message && { kind: 'message', message };
  }

  #onMessage(message: Message<T>): void {
    if (this.#phase.is !== 'live' || this.#isHanding) return this.#keep(message);
    this.#isHanding = true;
    try {
      this.#subscriber.next({ kind: 'message', message });
    } finally {
      this.#isHanding = false;
    }
    this.#hand();
  }

  /** Keeps a message for later. A stream waits for room instead: its entries are not to be dropped. */
  #keep(message: Message<T>): void {
    this.#kept.push(kept(message));
    const flow = currentFlow();
    if (flow?.isLossless !== true || this.#kept.roomFor(byteSize(message)) > 0) return;
    this.#held.add(flow);
    flow.hold(this);
  }

  #releaseAll(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const flow of held) flow.release(this);
  }

  #onLiveOver(): void {
    this.#isLiveOver = true;
    if (this.#phase.is === 'subscribing') this.#subscriber.complete();
    else this.#hand();
  }
}
