import { Subject, type Subscriber } from 'rxjs';
import { allOrLate } from '../channel/all-or-late.js';
import { BoundedQueue } from '../queue/bounded-queue.js';
import type { Bounds } from '../queue/buffer-options.js';
import { codecOf, feedOf, type Channel } from '../channel/channel.js';
import type { ChannelFeed, FeedOwner } from '../channel/channel-feed.js';
import { decodeMessage } from '../channel/decode-message.js';
import type { Codec } from '../codec/codec.js';
import {
  ChannelClosedError,
  ConnectionLostError,
  type DecodeError,
  GapError,
  ReceiverBusyError,
  SubscribeError,
} from '../errors/errors.js';
import type { Gap, ReceiverEvent } from '../channel/events.js';
import type { Consumer } from '../hub/consumer.js';
import { batchOn, type PubSubHub } from '../hub/pub-sub-hub.js';
import { tell, transition } from '../outbox.js';
import { Mailbox, type MailboxHost, type RawMessage } from '../channel/mailbox.js';
import type { Message } from '../channel/message.js';
import { OverflowEpisode } from './overflow-episode.js';
import { Pulls, type Pull } from './pulls.js';
import { ReceiverConnection } from './receiver-connection.js';
import { Registry } from './registry.js';
import type { ReceiverStats } from './stats.js';

export interface CoreOptions {
  readonly hub: PubSubHub;
  readonly heartbeat: number;
  readonly bounds: Bounds;
  readonly autoStop: boolean;
  readonly onGap: 'event' | 'error';
  /** Called once all subscriptions are released. */
  readonly onStopped: () => void;
}

type Life =
  | { readonly at: 'open' }
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
  readonly #connection: ReceiverConnection;
  readonly counts = {
    received: 0,
    delivered: 0,
    dropped: 0,
    late: 0,
    undecodable: 0,
    gaps: 0,
  };
  /** Channels that have closed, and may still be heard of until their links let go of them. */
  readonly #closing = new Set<ChannelFeed<unknown>>();
  /** Channels whose own events somebody observes. */
  readonly #eventFeeds = new Set<ChannelFeed<unknown>>();
  #life: Life = { at: 'open' };
  /** Set when nothing more can happen. */
  #isOver = false;
  /** Whether a message may be queued that is to be decoded. */
  #hasCodecs = false;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.bounds = options.bounds;
    this.#episode = new OverflowEpisode(options.bounds.overflow, (event) => this.emit(event));
    this.#queue = new BoundedQueue<RawMessage>({
      bounds: options.bounds,
      onDrop: (raw) => this.#onDrop(raw),
      lossError:
        options.onGap === 'error' && options.bounds.overflow !== 'error'
          ? () => this.#episode.witness()
          : undefined,
    });
    const host: MailboxHost<unknown> = {
      counts: this.counts,
      decode: decodeByChannel,
      onUndecodable: (error) => {
        this.counts.undecodable++;
        this.emit({ type: 'decode-error', error: error as DecodeError });
      },
      onTaken: () => this.#endEpisodeIfRelaxed(),
      onWaiting: () => this.#pulls.serve(),
      offer: (raw) => this.#pulls.offer(raw),
      onObserved: () => this.#onObserved(),
      onDeserted: () => this.#connection.leave(),
    };
    this.#mailbox = new Mailbox<unknown>(host, () => this.#queue);
    this.#pulls = new Pulls(this.#mailbox);
    this.#connection = new ReceiverConnection({
      hub: options.hub,
      registry: this.registry,
      watcher: this,
      isObserved: () => this.#mailbox.isObserved,
    });
  }

  get stats(): ReceiverStats {
    const { length: buffered, bytes: bufferedBytes, highWater } = this.#queue;
    return { ...this.counts, buffered, bufferedBytes, highWater };
  }

  get isActive(): boolean {
    const life = this.#life;
    return life.at === 'ended' ? life.hadChannels && !this.#mailbox.isEmpty : this.registry.size > 0;
  }

  get hub(): PubSubHub {
    return this.#options.hub;
  }

  get heartbeat(): number {
    return this.#options.heartbeat;
  }

  add(feed: ChannelFeed<unknown>): void {
    if (this.#life.at !== 'open') throw this.#endError();
    this.registry.add(feed);
    this.#closing.delete(feed);
    this.#hasCodecs ||= !feed.isIdentity;
    this.#connection.add(feed);
  }

  connect(): Promise<void> {
    this.#options.hub.check();
    return this.#life.at === 'open' ? this.#connection.connect() : Promise.reject(this.#endError());
  }

  /** The error that an observer gets who comes now, and that no other try can mend. */
  get finalError(): Error | undefined {
    if (this.#life.at === 'ended') return this.#mailbox.isEmpty ? this.#life.error : undefined;
    return this.#connection.isConnected ? undefined : this.#connection.obstacle;
  }

  get isOpen(): boolean {
    return this.#life.at === 'open';
  }

  get lostError(): ConnectionLostError | undefined {
    return this.#life.at === 'ended' ? this.#life.error : undefined;
  }

  observe(subscriber: Subscriber<Message<unknown>>): void {
    this.#options.hub.check();
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

  /** Takes what waits already where nothing is to be decoded, announced or thrown on the way. */
  takePlain(connects: 'pin' | 'while-used'): Message<unknown> | undefined {
    if (this.#hasCodecs || this.#episode.isRunning || !this.#isConnectedAs(connects)) return undefined;
    return this.#mailbox.takePlain();
  }

  /**
   * Takes what waits already, if something does and a `pull` would have nothing else to do; throws the error that stands
   * there.
   */
  takeReady<T>(
    decode: (raw: RawMessage) => Message<T>,
    connects: 'pin' | 'while-used',
  ): Message<T> | undefined {
    if (this.#mailbox.isEmpty || this.#mailbox.isObserved || !this.#isConnectedAs(connects)) return undefined;
    try {
      return this.#mailbox.take(decode);
    } finally {
      this.#mailbox.taken();
    }
  }

  /** `pin`: the Receiver is connected from this pull on until it stops; else as long as its iterator runs. */
  pull<T>(pull: Pull<T>, pin: 'pin' | 'while-used'): void {
    this.#options.hub.check();
    if (this.#mailbox.isObserved) {
      return pull.fail(
        new ReceiverBusyError(
          'The Receiver is being observed: it has one consumer at a time. Unsubscribe before you pull.',
        ),
      );
    }
    if (this.#mailbox.isEmpty && this.#life.at === 'ended') {
      return this.#life.error ? pull.fail(this.#life.error) : pull.end(false);
    }
    // It stands in the line before any event that connecting brings about.
    transition(() => {
      if (this.#life.at === 'open') {
        const obstacle = this.#connection.isConnected ? undefined : this.#connection.obstacle;
        if (!obstacle) this.#connection.use(pin);
        else if (this.#mailbox.isEmpty) return pull.fail(obstacle);
      }
      this.#pulls.add(pull);
    });
  }

  cancelPull<T>(pull: Pull<T>): void {
    this.#pulls.remove(pull);
  }

  decoder<T>(codec: Codec<T> | undefined): (raw: RawMessage) => Message<T> {
    return codec ? (raw) => decodeMessage(raw, codec) : (decodeByChannel as (raw: RawMessage) => Message<T>);
  }

  countIterators(change: 1 | -1): void {
    this.#connection.countIterators(change);
  }

  /** Whether what waits is all that will ever come, and that is nothing. */
  get endOfStream(): { readonly error: ConnectionLostError | undefined } | undefined {
    return this.#life.at === 'ended' && this.#mailbox.isEmpty ? this.#life : undefined;
  }

  stop(): Promise<void> {
    return this.#end('now', undefined);
  }

  drain(): Promise<void> {
    const feeds = this.registry.all();
    for (const feed of feeds) feed.deliverHeld();
    return this.#drainNow(feeds);
  }

  #drainNow(feeds: readonly ChannelFeed<unknown>[]): Promise<void> {
    // The messages that were held may have ended the Receiver.
    if (this.#life.at === 'ended') return this.#life.released;
    if (this.#life.at === 'draining') return this.#life.done;
    let onStopped!: () => void;
    const done = new Promise<void>((resolve) => (onStopped = resolve));
    this.#life = { at: 'draining', done };
    const closing = [...this.#closing];
    const onReleased = allOrLate(feeds.length + closing.length, () => {
      // What has not been released by now has had its time.
      void this.#end('now', undefined, 0).then(onStopped);
    });
    transition(() =>
      batchOn(feeds, () => {
        for (const feed of feeds) feed.release('draining', onReleased);
        for (const feed of closing) feed.release('closed', onReleased);
      }),
    );
    return done;
  }

  emit(event: ReceiverEvent): void {
    if (event.type === 'gap') this.counts.gaps++;
    if (!this.events.observed && this.#eventFeeds.size === 0) return;
    tell(() => {
      this.events.next(event);
      if (this.#eventFeeds.size > 0) for (const feed of this.#concernedBy(event)) feed.notify(event);
    });
  }

  onEventsObserved(feed: ChannelFeed<unknown>, isObserved: boolean): void {
    if (!isObserved) this.#eventFeeds.delete(feed);
    else if (this.#isOver) feed.endEvents();
    else this.#eventFeeds.add(feed);
  }

  /** The Channels that are concerned by an event, of those whose events are observed. */
  #concernedBy(event: ReceiverEvent): readonly ChannelFeed<unknown>[] {
    switch (event.type) {
      case 'overflow':
        return [];
      case 'disconnected':
      case 'retry':
        return [...this.#eventFeeds].filter(({ isOpen }) => isOpen);
      case 'gap':
        return event.gap.channels.map(feedOf);
      case 'decode-error':
        return [feedOf(event.error.raw.source)];
      default:
        return [feedOf(event.source)];
    }
  }

  accept(raw: RawMessage, isDecoded: boolean): void {
    this.counts.received++;
    this.#mailbox.push(raw, isDecoded);
  }

  onFeedSubscribed(feed: ChannelFeed<unknown>): void {
    this.#connection.done(feed);
  }

  onFeedInterrupted(feed: ChannelFeed<unknown>): void {
    this.#connection.interrupted(feed);
  }

  onFeedRefused(feed: ChannelFeed<unknown>, error: SubscribeError): void {
    if (this.#connection.refuse(feed, error)) return;
    tell(() => this.#mailbox.place(error, joinRefusals));
  }

  onFeedObserved(feed: ChannelFeed<unknown>): void {
    if (!feed.isMerged && this.registry.get(feed.kind, feed.name) === feed) this.#connection.add(feed);
  }

  onFeedDeserted(feed: ChannelFeed<unknown>): void {
    const isNeeded =
      feed.isKept || feed.isClaimed || feed.isMerged || !feed.isOpen || this.#life.at !== 'open';
    if (isNeeded || this.registry.get(feed.kind, feed.name) !== feed) return;
    this.registry.forget(feed);
    if (feed.isAttached) this.#closing.add(feed);
  }

  readopt(feed: ChannelFeed<unknown>): boolean {
    if (this.#life.at !== 'open') return false;
    this.add(feed);
    return true;
  }

  onFeedClosing(feed: ChannelFeed<unknown>): void {
    this.registry.remove(feed);
    this.#closing.add(feed);
    if (this.#life.at !== 'ended') this.#connection.done(feed);
  }

  onFeedReleased(feed: ChannelFeed<unknown>): void {
    this.#closing.delete(feed);
  }

  onFeedClosed(
    feed: ChannelFeed<unknown>,
    reason: 'closed' | 'client-ended',
    error?: ConnectionLostError,
  ): void {
    if (this.#life.at === 'ended') return;
    if (reason === 'client-ended') {
      // With the Receiver's own client all of it ends: `onClientEnded` follows.
      if (feed.hub === this.#options.hub) return;
      this.registry.remove(feed);
      this.#connection.done(feed);
      if (error && this.#connection.isConnected) this.#mailbox.place(error);
    }
    // A Receiver that nobody consumes has no stream to end: its Channels come and go.
    if (!this.#options.autoStop || !this.#connection.isConnected || feed.isForgotten) return;
    if (this.registry.size === 0) void this.stop();
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
    for (const feed of feeds) feed.place(new GapError({ ...gap, channels: [feed.channel] }), joinGaps);
    if (this.#connection.isConnected) this.#mailbox.place(new GapError(gap), joinGaps);
  }

  onClientEnded(hub: PubSubHub, error: Error | undefined): void {
    if (hub !== this.#options.hub) return;
    void this.#end('behind', error && new ConnectionLostError({ cause: error }));
  }

  /** Whether a pull of this sort finds the Receiver connected as it would have it. */
  #isConnectedAs(connects: 'pin' | 'while-used'): boolean {
    return connects === 'while-used' || this.#life.at !== 'open' || this.#connection.isPinned;
  }

  #onObserved(): void {
    if (this.#life.at !== 'open') return;
    const obstacle = this.#connection.isConnected ? undefined : this.#connection.obstacle;
    if (obstacle) this.#mailbox.fail(obstacle);
    else this.#connection.use('while-used');
  }

  #end(when: 'now' | 'behind', error: ConnectionLostError | undefined, patience?: number): Promise<void> {
    if (this.#life.at === 'ended') return this.#life.released;
    for (const feed of this.registry.all()) feed.deliverHeld();
    return this.#endNow(when, error, patience);
  }

  #endNow(when: 'now' | 'behind', error: ConnectionLostError | undefined, patience?: number): Promise<void> {
    // The messages that were held may have ended the Receiver.
    if (this.#life.at === 'ended') return this.#life.released;
    const open = this.registry.all();
    const feeds = [...open, ...this.#closing];
    let onStopped!: () => void;
    const released = new Promise<void>((resolve) => (onStopped = resolve));
    this.#life = { at: 'ended', error, hadChannels: open.length > 0, released };
    const onReleased = allOrLate(
      feeds.length + 1,
      () => {
        tell(() => {
          this.#options.onStopped();
          this.#isOver = true;
          this.events.complete();
          for (const feed of this.#eventFeeds) feed.endEvents();
          this.#eventFeeds.clear();
          onStopped();
        });
      },
      patience,
    );
    transition(() => {
      batchOn(feeds, () => {
        for (const feed of feeds) feed.release('closed', onReleased);
      });
      for (const feed of open) this.registry.remove(feed);
      this.#episode.end();
      this.#connection.end(this.#endError());
      tell(() => this.#mailbox.end(when, error));
      if (error) this.#pulls.fail(error);
      else this.#pulls.end();
      // Behind all that the end brings about.
      tell(onReleased);
    });
    return released;
  }

  #onDrop(raw: RawMessage): void {
    this.counts.dropped++;
    this.#episode.drop(raw);
    // A message too large by itself is lost though there is room.
    this.#endEpisodeIfRelaxed();
  }

  #endEpisodeIfRelaxed(): void {
    if (this.#episode.isRunning && this.#queue.isRelaxed) this.#episode.end();
  }

  #endError(): Error {
    const life = this.#life;
    if (life.at === 'ended' && life.error) return life.error;
    return new ChannelClosedError(
      life.at === 'draining'
        ? 'The Receiver is draining. Make a new one.'
        : 'The Receiver is stopped. Make a new one.',
    );
  }
}

function decodeByChannel(raw: RawMessage): Message<unknown> {
  return decodeMessage(raw, codecOf(raw.source as Channel<unknown>));
}

/** Of one name the last refusal says it all. */
function joinRefusals(earlier: Error, later: Error): Error | undefined {
  if (!(earlier instanceof SubscribeError && later instanceof SubscribeError)) return undefined;
  return earlier.kind === later.kind && earlier.channel === later.channel ? later : undefined;
}

/** Outages that nobody has been told of yet, with nothing between them, are one. */
function joinGaps(earlier: Error, later: Error): Error | undefined {
  if (!(earlier instanceof GapError && later instanceof GapError)) return undefined;
  if (earlier.gap.cause !== later.gap.cause) return undefined;
  const channels = [...new Set([...earlier.gap.channels, ...later.gap.channels])];
  return new GapError({ ...later.gap, since: earlier.gap.since, channels });
}
