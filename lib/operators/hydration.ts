import {
  defer,
  Observable,
  Subscription,
  take,
  throwIfEmpty,
  type ObservableInput,
  type Subscriber,
} from 'rxjs';
import type { Channel, Message, ReceiverEvent } from '../channel.js';
import { coreOf } from '../channel/core-of.js';
import { BoundedQueue } from '../queue/bounded-queue.js';
import type { Bounds } from '../queue/buffer-options.js';
import type { Receiver } from '../receiver/receiver.js';
import { AwaitedChannels, isAwaited } from './await-subscription.js';
import { subscribeWithin } from './subscribe-within.js';

/** What `hydrate` emits: a snapshot, and the messages that belong behind it. */
export type Hydrated<S, T> =
  | { readonly kind: 'snapshot'; readonly snapshot: S }
  | { readonly kind: 'message'; readonly message: Message<T> };

type Phase<S> =
  /** Waiting for acknowledgements. */
  | { readonly is: 'subscribing' }
  /** A snapshot is being taken. */
  | { readonly is: 'fetching' }
  /** The snapshot goes to the consumer next. */
  | { readonly is: 'fetched'; readonly snapshot: S }
  /** The snapshot is out: what was kept follows it, and then what comes. */
  | { readonly is: 'live' };

/**
 * One subscription of a `hydrate`. A consumer, and the function that takes the snapshot, may do anything from inside: meet a
 * gap, publish, close, leave. So one loop alone hands parts over, and what comes meanwhile waits until the consumer is done
 * with the part before: else it would finish with an old part after a newer snapshot.
 */
export class Hydration<S, T> {
  readonly #live: Channel<T> | Receiver<T>;
  readonly #snapshot: () => ObservableInput<S>;
  readonly #subscriber: Subscriber<Hydrated<S, T>>;
  readonly #kept: BoundedQueue<Message<T>>;
  readonly #awaited = new AwaitedChannels(() => this.#fetchIfSubscribed());
  /** The Channels that a snapshot knows of: what they miss from then on is told by a gap. */
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
    this.#kept = new BoundedQueue<Message<T>>({ bounds });
  }

  start(): void {
    const subscriber = this.#subscriber;
    subscriber.add(() => {
      this.#fetching.unsubscribe();
      this.#awaited.clear();
      this.#kept.clear();
    });
    subscriber.add(this.#live.events.subscribe((event) => this.#onEvent(event)));
    subscribeWithin(subscriber, this.#live, {
      next: (message) => this.#onMessage(message),
      error: (error: unknown) => subscriber.error(error),
      complete: () => this.#onLiveOver(),
    });
    this.#isStarting = false;
    // Only now is it known what the Receiver wants.
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
    // No snapshot knows of it yet. Others may have been registered with it, and one snapshot does for all.
    this.#reset({ is: 'subscribing' });
    this.#awaitChannels();
    this.#fetchIfSubscribed();
  }

  #onGap(cause: 'reconnect' | 'overflow', channels: readonly Channel<unknown>[]): void {
    // What the Receiver's queue has dropped, the Channel's own observers have heard.
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
    // Closed: its completion is on its way.
    if (isChannel(this.#live) && !this.#live.isActive) return;
    this.#phase = { is: 'fetching' };
    this.#fetch();
  }

  /** Drops the snapshot that is on its way, and what was kept: the next one is later than both. */
  #reset(phase: Phase<S>): void {
    this.#phase = phase;
    this.#fetching.unsubscribe();
    this.#kept.clear();
  }

  #fetch(): void {
    if (this.#subscriber.closed) return;
    const channels = channelsOf(this.#live);
    this.#covered = new Set(channels.filter((one) => coreOf(one).isServed || this.#covered.has(one)));
    // Before it is taken, so that whatever happens inside can end it.
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
      for (let part = this.#next(); part; part = this.#next()) this.#subscriber.next(part);
    } finally {
      this.#isHanding = false;
    }
    if (this.#isLiveOver && this.#phase.is === 'live') this.#subscriber.complete();
  }

  /** Takes what the consumer gets next, if it can have something. */
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
    if (this.#phase.is !== 'live' || this.#isHanding) return this.#kept.push(message);
    this.#isHanding = true;
    try {
      this.#subscriber.next({ kind: 'message', message });
    } finally {
      this.#isHanding = false;
    }
    this.#hand();
  }

  #onLiveOver(): void {
    this.#isLiveOver = true;
    if (this.#phase.is === 'subscribing') this.#subscriber.complete();
    else this.#hand();
  }
}

function channelsOf(live: Channel<unknown> | Receiver<unknown>): Channel<unknown>[] {
  if (isChannel(live)) return [live];
  return [live.channels, live.patterns, live.shards].flatMap((channels) => [...channels.values()]);
}

/** Tells the two by their shape: the source may come from another copy of this package. */
export function isChannel<T>(live: Channel<T> | Receiver<T>): live is Channel<T> {
  return live instanceof Observable && 'whenSubscribed' in live;
}
