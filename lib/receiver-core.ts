import { Subject, type Subscriber } from 'rxjs';
import { allOrLate } from './all-or-late.js';
import { BoundedQueue } from './bounded-queue.js';
import type { Bounds } from './buffer-options.js';
import { byteSize } from './byte-size.js';
import { codecOf, type Channel } from './channel.js';
import { decodeMessage, type ChannelFeed, type FeedOwner } from './channel-feed.js';
import type { Codec } from './codec.js';
import { ConnectAttempt } from './connect-attempt.js';
import {
  ChannelClosedError,
  ConnectionLostError,
  type DecodeError,
  GapError,
  ReceiverBusyError,
  SubscribeError,
} from './errors.js';
import type { Gap, ReceiverEvent } from './events.js';
import { Grace } from './grace.js';
import type { Hub } from './hub.js';
import type { Consumer } from './link.js';
import { Mailbox, type RawMessage } from './mailbox.js';
import type { Message } from './message.js';
import { OverflowEpisode } from './overflow-episode.js';
import { Pulls, type Pull } from './pulls.js';
import { Registry } from './registry.js';
import type { ReceiverStats } from './stats.js';

export interface CoreOptions {
  readonly hub: Hub;
  readonly bounds: Bounds;
  readonly autoStop: boolean;
  readonly onGap: 'event' | 'error';
  /** Called once all subscriptions are released. */
  readonly onStopped: () => void;
}

type CoreState =
  | { readonly at: 'idle' }
  | { readonly at: 'connected' }
  | { readonly at: 'draining'; readonly done: Promise<void> }
  | {
      readonly at: 'ended';
      readonly error: ConnectionLostError | undefined;
      readonly hadChannels: boolean;
      readonly released: Promise<void>;
    };

/** What stands behind a Receiver: its Channels' messages, merged into one mailbox, from connecting until the end. */
export class ReceiverCore implements FeedOwner {
  readonly registry = new Registry();
  readonly events = new Subject<ReceiverEvent>();
  readonly bounds: Bounds;

  readonly #options: CoreOptions;
  readonly #queue: BoundedQueue<RawMessage>;
  readonly #mailbox: Mailbox<unknown>;
  readonly #pulls: Pulls;
  readonly #episode: OverflowEpisode;
  readonly #grace = new Grace();
  readonly #counts = {
    received: 0,
    delivered: 0,
    dropped: 0,
    late: 0,
    undecodable: 0,
    gaps: 0,
    highWater: 0,
  };
  #state: CoreState = { at: 'idle' };
  /** `connect()` or a pull keeps it connected until it stops. */
  #isPinned = false;
  #iterators = 0;
  #attempt: ConnectAttempt | undefined;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.bounds = options.bounds;
    this.#episode = new OverflowEpisode(options.bounds.overflow, (event) => this.emit(event));
    this.#queue = new BoundedQueue<RawMessage>({
      bounds: options.bounds,
      sizeOf: byteSize,
      onDrop: (raw) => this.#onDrop(raw),
      lossError:
        options.onGap === 'error' && options.bounds.overflow !== 'error'
          ? ({ dropped }) => new GapError(this.#episode.gap(dropped))
          : undefined,
    });
    this.#mailbox = new Mailbox<unknown>({
      queue: this.#queue,
      decode: (raw) => decodeMessage(raw, codecOf(raw.source as Channel<unknown>)),
      onDelivered: () => this.#counts.delivered++,
      onUndecodable: (error) => {
        this.#counts.undecodable++;
        this.emit({ type: 'decode-error', error: error as DecodeError });
      },
      onTaken: () => {
        if (this.#episode.isRunning && this.#queue.isRelaxed) this.#episode.end();
      },
      onWaiting: () => {
        if (this.#queue.length > this.#counts.highWater) this.#counts.highWater = this.#queue.length;
        this.#pulls.serve();
      },
      offer: (raw) => this.#pulls.offer(raw),
      onObserved: () => this.#onObserved(),
      onDeserted: () => this.#disconnectSoon(),
    });
    this.#pulls = new Pulls(this.#mailbox);
  }

  get stats(): ReceiverStats {
    return { ...this.#counts, buffered: this.#queue.length, bufferedBytes: this.#queue.bytes };
  }

  get isActive(): boolean {
    const state = this.#state;
    return state.at === 'ended' ? state.hadChannels && !this.#mailbox.isEmpty : this.registry.size > 0;
  }

  get hub(): Hub {
    return this.#options.hub;
  }

  get isConnected(): boolean {
    return this.#state.at === 'connected';
  }

  add(feed: ChannelFeed<unknown>): void {
    if (this.#state.at === 'draining' || this.#state.at === 'ended') throw this.#endError();
    this.registry.add(feed);
    if (this.isConnected) feed.setMerged(true);
  }

  connect(): Promise<void> {
    if (this.#attempt) return this.#attempt.promise;
    if (this.#state.at === 'draining' || this.#state.at === 'ended') return Promise.reject(this.#endError());
    const closed = this.#closedClientError();
    if (closed) return Promise.reject(closed);
    const feeds = this.registry.all();
    const attempt = new ConnectAttempt(feeds.filter((feed) => !feed.isServed));
    this.#attempt = attempt;
    this.#isPinned = true;
    this.#connect(feeds);
    attempt.check();
    return attempt.promise.finally(() => (this.#attempt = undefined));
  }

  observe(subscriber: Subscriber<Message<unknown>>): void {
    if (this.#pulls.isWaiting) {
      subscriber.error(
        new ReceiverBusyError(
          'A pull is waiting: a Receiver has one consumer at a time. Wait for it, or abort it.',
        ),
      );
    } else {
      this.#mailbox.observe(subscriber);
    }
  }

  /** Takes what waits already, if something does and nobody observes; throws the error that stands there. */
  takeReady<T>(decode: (raw: RawMessage) => Message<T>): Message<T> | undefined {
    return this.#mailbox.isObserved || this.#mailbox.isEmpty ? undefined : this.#mailbox.take(decode);
  }

  /** `hold`: the Receiver is connected from this pull on until it stops, or as long as its iterator runs. */
  pull<T>(pull: Pull<T>, hold: 'until-stop' | 'iterator'): void {
    if (this.#mailbox.isObserved) {
      return pull.fail(
        new ReceiverBusyError(
          'The Receiver is being observed: it has one consumer at a time. Unsubscribe before you pull.',
        ),
      );
    }
    if (this.#mailbox.isEmpty) {
      if (this.#state.at === 'ended') return this.#state.error ? pull.fail(this.#state.error) : pull.end();
      const closed = this.isConnected ? undefined : this.#closedClientError();
      if (closed) return pull.fail(closed);
    }
    if (hold === 'until-stop') this.#isPinned = true;
    if (this.#state.at === 'idle' && !this.#closedClientError()) this.#connect(this.registry.all());
    this.#pulls.add(pull);
  }

  cancelPull<T>(pull: Pull<T>): void {
    this.#pulls.remove(pull);
  }

  decoder<T>(codec: Codec<T> | undefined): (raw: RawMessage) => Message<T> {
    return (raw) => decodeMessage(raw, codec ?? (codecOf(raw.source as Channel<unknown>) as Codec<T>));
  }

  holdForIterator(): void {
    this.#iterators++;
    this.#grace.cancel();
  }

  releaseIterator(): void {
    this.#iterators--;
    this.#disconnectSoon();
  }

  /** Whether what waits is all that will ever come, and that is nothing. */
  get endOfStream(): { readonly error: ConnectionLostError | undefined } | undefined {
    return this.#state.at === 'ended' && this.#mailbox.isEmpty ? this.#state : undefined;
  }

  stop(): Promise<void> {
    return this.#end('now', undefined);
  }

  drain(): Promise<void> {
    if (this.#state.at === 'ended') return this.#state.released;
    if (this.#state.at === 'draining') return this.#state.done;
    const feeds = this.registry.all();
    let onStopped!: () => void;
    const done = new Promise<void>((resolve) => (onStopped = resolve));
    this.#state = { at: 'draining', done };
    const onReleased = allOrLate(feeds.length, () => void this.stop().then(onStopped));
    this.#batch(feeds, () => {
      for (const feed of feeds) feed.release('draining', onReleased);
    });
    return done;
  }

  emit(event: ReceiverEvent): void {
    if (event.type === 'gap') this.#counts.gaps++;
    this.events.next(event);
  }

  accept(raw: RawMessage): void {
    this.#counts.received++;
    this.#mailbox.push(raw);
  }

  count(what: 'received' | 'delivered' | 'undecodable' | 'dropped' | 'late'): void {
    this.#counts[what]++;
  }

  onFeedSubscribed(feed: ChannelFeed<unknown>): void {
    this.#attempt?.done(feed);
  }

  onFeedRefused(feed: ChannelFeed<unknown>, error: SubscribeError): void {
    if (this.#attempt?.refuse(feed, error)) return;
    this.#mailbox.place(error, (earlier) => (isSameRefusal(earlier, error) ? error : undefined));
  }

  onFeedClosed(
    feed: ChannelFeed<unknown>,
    reason: 'closed' | 'client-ended',
    error?: ConnectionLostError,
  ): void {
    if (this.#state.at === 'ended') return;
    // With the Receiver's own client all of it ends: `onClientEnded` follows.
    if (reason === 'client-ended' && feed.hub === this.#options.hub) return;
    this.registry.remove(feed);
    this.#attempt?.done(feed);
    if (error && this.#state.at !== 'idle') this.#mailbox.place(error);
    if (this.#options.autoStop && this.registry.size === 0) void this.stop();
  }

  onDisconnected(error: Error | undefined): void {
    this.emit(error ? { type: 'disconnected', error } : { type: 'disconnected' });
  }

  onReconnected(since: number, until: number, affected: ReadonlySet<Consumer>): void {
    const feeds = this.registry.all().filter((feed) => affected.has(feed));
    if (feeds.length === 0) return;
    const gap: Gap = { cause: 'reconnect', since, until, channels: feeds.map(({ channel }) => channel) };
    this.emit({ type: 'gap', gap });
    if (this.#options.onGap !== 'error') return;
    for (const feed of feeds) feed.place(new GapError({ ...gap, channels: [feed.channel] }));
    if (this.#state.at !== 'idle')
      this.#mailbox.place(new GapError(gap), (earlier) => joinGaps(earlier, gap));
  }

  onClientEnded(hub: Hub, error: Error | undefined): void {
    if (hub !== this.#options.hub) return;
    void this.#end('behind', error && new ConnectionLostError({ cause: error }));
  }

  #connect(feeds: readonly ChannelFeed<unknown>[]): void {
    this.#grace.cancel();
    if (this.#state.at === 'idle') {
      this.#state = { at: 'connected' };
      this.#options.hub.watch(this);
    }
    this.#batch(feeds, () => {
      for (const feed of feeds) feed.setMerged(true);
    });
  }

  #onObserved(): void {
    this.#grace.cancel();
    if (this.#state.at !== 'idle') return;
    const closed = this.#closedClientError();
    if (closed) this.#mailbox.fail(closed);
    else this.#connect(this.registry.all());
  }

  #disconnectSoon(): void {
    if (this.#isNeeded() || !this.isConnected) return;
    this.#grace.start(() => {
      if (this.#isNeeded() || !this.isConnected) return;
      this.#state = { at: 'idle' };
      this.#options.hub.unwatch(this);
      const feeds = this.registry.all();
      this.#batch(feeds, () => {
        for (const feed of feeds) feed.setMerged(false);
      });
    });
  }

  #isNeeded(): boolean {
    return this.#isPinned || this.#iterators > 0 || this.#mailbox.isObserved;
  }

  #end(when: 'now' | 'behind', error: ConnectionLostError | undefined): Promise<void> {
    if (this.#state.at === 'ended') return this.#state.released;
    if (this.#state.at !== 'idle') this.#options.hub.unwatch(this);
    const feeds = this.registry.all();
    let onStopped!: () => void;
    const released = new Promise<void>((resolve) => (onStopped = resolve));
    this.#state = { at: 'ended', error, hadChannels: feeds.length > 0, released };
    this.#grace.cancel();
    const onReleased = allOrLate(feeds.length + 1, () => {
      this.#options.onStopped();
      this.events.complete();
      onStopped();
    });
    this.#batch(feeds, () => {
      for (const feed of feeds) feed.release('closed', onReleased);
    });
    for (const feed of feeds) this.registry.remove(feed);
    this.#episode.end();
    this.#attempt?.abort(this.#endError());
    this.#mailbox.end(when, error);
    if (error) this.#pulls.fail(error);
    else this.#pulls.end();
    onReleased();
    return released;
  }

  #onDrop(raw: RawMessage): void {
    this.#counts.dropped++;
    this.#episode.drop(raw);
  }

  /** Nests the batches of all hubs that the Channels are on. */
  #batch(feeds: readonly ChannelFeed<unknown>[], work: () => void): void {
    const hubs = new Set(feeds.map(({ hub }) => hub));
    [...hubs].reduce<() => void>((inner, hub) => () => hub.batch(inner), work)();
  }

  #closedClientError(): SubscribeError | undefined {
    const { hub } = this.#options;
    const feeds = this.registry.all();
    const own = feeds.find((feed) => feed.hub === hub);
    if (hub.isOpen || (feeds.length > 0 && !own)) return undefined;
    return new SubscribeError(
      own?.kind,
      own?.name,
      'the client is not open. Await client.connect() before, or use Receiver.open().',
    );
  }

  #endError(): Error {
    const state = this.#state;
    if (state.at === 'ended' && state.error) return state.error;
    return new ChannelClosedError(
      state.at === 'draining'
        ? 'The Receiver is draining. Make a new one.'
        : 'The Receiver is stopped. Make a new one.',
    );
  }
}

function isSameRefusal(earlier: Error, later: SubscribeError): boolean {
  return (
    earlier instanceof SubscribeError && earlier.kind === later.kind && earlier.channel === later.channel
  );
}

/** Outages that nobody has been told of yet, with nothing between them, are one. */
function joinGaps(earlier: Error, later: Gap): Error | undefined {
  if (!(earlier instanceof GapError) || earlier.gap.cause !== later.cause) return undefined;
  const channels = [...new Set([...earlier.gap.channels, ...later.channels])];
  return new GapError({ ...later, since: earlier.gap.since, channels });
}
