import { Subject, type Subscriber } from 'rxjs';
import { allOrLate } from '../channel/all-or-late.js';
import { BoundedQueue } from '../queue/bounded-queue.js';
import type { Bounds } from '../queue/buffer-options.js';
import {
  GapError,
  type Channel,
  type DecodeError,
  type Gap,
  type ReceiverEvent,
  type Message,
} from '../channel.js';
import { coreOf, type ChannelCore, type ChannelOwner } from '../channel/channel-core.js';
import { decodeMessage } from '../channel/decode-message.js';
import type { Codec } from '../codec/codec.js';
import {
  ChannelClosedError,
  ConnectionLostError,
  ReceiverBusyError,
  SubscribeError,
} from '../errors/errors.js';
import type { HubListener } from '../hub/hub-listener.js';
import { batchOn, type PubSubHub } from '../hub/pub-sub-hub.js';
import { tell, transition } from '../outbox.js';
import { BufferedSubject, type BufferedSubjectHost } from '../channel/buffered-subject.js';
import type { RawMessage } from '../channel/raw-message.js';
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

/** What stands behind a Receiver: its Channels' messages, merged into one subject, from connecting until the end. */
export class ReceiverCore implements ChannelOwner {
  readonly registry = new Registry();
  readonly events = new Subject<ReceiverEvent>();
  readonly bounds: Bounds;

  readonly #options: CoreOptions;
  readonly #queue: BoundedQueue<RawMessage>;
  readonly #subject: BufferedSubject<unknown>;
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
  /** Channels that have closed, and may still be heard of until their subscriptions let go of them. */
  readonly #closing = new Set<ChannelCore<unknown>>();
  /** Channels whose own events somebody observes. */
  readonly #coresWithEventObservers = new Set<ChannelCore<unknown>>();
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
    const host: BufferedSubjectHost<unknown> = {
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
    this.#subject = new BufferedSubject<unknown>(host, () => this.#queue);
    this.#pulls = new Pulls(this.#subject);
    this.#connection = new ReceiverConnection({
      hub: options.hub,
      registry: this.registry,
      watcher: this,
      isObserved: () => this.#subject.isObserved,
    });
  }

  get stats(): ReceiverStats {
    const { length: buffered, bytes: bufferedBytes, highWater } = this.#queue;
    return { ...this.counts, buffered, bufferedBytes, highWater };
  }

  get isActive(): boolean {
    const life = this.#life;
    return life.at === 'ended' ? life.hadChannels && !this.#subject.isEmpty : this.registry.size > 0;
  }

  get hub(): PubSubHub {
    return this.#options.hub;
  }

  get heartbeat(): number {
    return this.#options.heartbeat;
  }

  add(core: ChannelCore<unknown>): void {
    if (this.#life.at !== 'open') throw this.#endError();
    this.registry.add(core);
    this.#closing.delete(core);
    this.#hasCodecs ||= !core.isIdentity;
    this.#connection.add(core);
  }

  connect(): Promise<void> {
    this.#options.hub.check();
    return this.#life.at === 'open' ? this.#connection.connect() : Promise.reject(this.#endError());
  }

  /** The error that an observer gets who comes now, and that no other try can mend. */
  get finalError(): Error | undefined {
    if (this.#life.at === 'ended') return this.#subject.isEmpty ? this.#life.error : undefined;
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
      this.#subject.observe(subscriber);
    }
  }

  /** Takes what waits already where nothing is to be decoded, announced or thrown on the way. */
  takePlain(connects: 'pin' | 'while-used'): Message<unknown> | undefined {
    if (this.#hasCodecs || this.#episode.isRunning || !this.#isConnectedAs(connects)) return undefined;
    return this.#subject.takePlain();
  }

  /**
   * Takes what waits already, if something does and a `pull` would have nothing else to do; throws the error that stands
   * there.
   */
  takeReady<T>(
    decode: (raw: RawMessage) => Message<T>,
    connects: 'pin' | 'while-used',
  ): Message<T> | undefined {
    if (this.#subject.isEmpty || this.#subject.isObserved || !this.#isConnectedAs(connects)) return undefined;
    try {
      return this.#subject.take(decode);
    } finally {
      this.#subject.taken();
    }
  }

  /** `pin`: the Receiver is connected from this pull on until it stops; else as long as its iterator runs. */
  pull<T>(pull: Pull<T>, pin: 'pin' | 'while-used'): void {
    this.#options.hub.check();
    if (this.#subject.isObserved) {
      return pull.fail(
        new ReceiverBusyError(
          'The Receiver is being observed: it has one consumer at a time. Unsubscribe before you pull.',
        ),
      );
    }
    if (this.#subject.isEmpty && this.#life.at === 'ended') {
      return this.#life.error ? pull.fail(this.#life.error) : pull.end(false);
    }
    // It stands in the line before any event that connecting brings about.
    transition(() => {
      if (this.#life.at === 'open') {
        const obstacle = this.#connection.isConnected ? undefined : this.#connection.obstacle;
        if (!obstacle) this.#connection.use(pin);
        else if (this.#subject.isEmpty) return pull.fail(obstacle);
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
    return this.#life.at === 'ended' && this.#subject.isEmpty ? this.#life : undefined;
  }

  stop(): Promise<void> {
    return this.#end('now', undefined);
  }

  drain(): Promise<void> {
    const cores = this.registry.all();
    for (const core of cores) core.deliverHeld();
    return this.#drainNow(cores);
  }

  #drainNow(cores: readonly ChannelCore<unknown>[]): Promise<void> {
    // The messages that were held may have ended the Receiver.
    if (this.#life.at === 'ended') return this.#life.released;
    if (this.#life.at === 'draining') return this.#life.done;
    let onStopped!: () => void;
    const done = new Promise<void>((resolve) => (onStopped = resolve));
    this.#life = { at: 'draining', done };
    const closing = [...this.#closing];
    const onReleased = allOrLate(cores.length + closing.length, () => {
      // What has not been released by now has had its time.
      void this.#end('now', undefined, 0).then(onStopped);
    });
    transition(() =>
      batchOn(cores, () => {
        for (const core of cores) core.release('draining', onReleased);
        for (const core of closing) core.release('closed', onReleased);
      }),
    );
    return done;
  }

  emit(event: ReceiverEvent): void {
    if (event.type === 'gap') this.counts.gaps++;
    if (!this.events.observed && this.#coresWithEventObservers.size === 0) return;
    tell(() => {
      this.events.next(event);
      if (this.#coresWithEventObservers.size > 0)
        for (const core of this.#concernedBy(event)) core.notify(event);
    });
  }

  onEventsObserved(core: ChannelCore<unknown>, isObserved: boolean): void {
    if (!isObserved) this.#coresWithEventObservers.delete(core);
    else if (this.#isOver) core.endEvents();
    else this.#coresWithEventObservers.add(core);
  }

  /** The Channels that are concerned by an event, of those whose events are observed. */
  #concernedBy(event: ReceiverEvent): readonly ChannelCore<unknown>[] {
    switch (event.type) {
      case 'overflow':
        return [];
      case 'disconnected':
      case 'retry':
        return [...this.#coresWithEventObservers].filter(({ isOpen }) => isOpen);
      case 'gap':
        return event.gap.channels.map(coreOf);
      case 'decode-error':
        return [coreOf(event.error.raw.source)];
      default:
        return [coreOf(event.source)];
    }
  }

  accept(raw: RawMessage, isDecoded: boolean): void {
    this.counts.received++;
    this.#subject.push(raw, isDecoded);
  }

  onChannelSubscribed(core: ChannelCore<unknown>): void {
    this.#connection.done(core);
  }

  onChannelInterrupted(core: ChannelCore<unknown>): void {
    this.#connection.interrupted(core);
  }

  onChannelRefused(core: ChannelCore<unknown>, error: SubscribeError): void {
    if (this.#connection.refuse(core, error)) return;
    tell(() => this.#subject.place(error, joinRefusals));
  }

  onChannelObserved(core: ChannelCore<unknown>): void {
    if (!core.isMerged && this.registry.get(core.kind, core.name) === core) this.#connection.add(core);
  }

  onChannelDeserted(core: ChannelCore<unknown>): void {
    const isNeeded =
      core.isKept || core.isClaimed || core.isMerged || !core.isOpen || this.#life.at !== 'open';
    if (isNeeded || this.registry.get(core.kind, core.name) !== core) return;
    this.registry.forget(core);
    if (core.isAttached) this.#closing.add(core);
  }

  readopt(core: ChannelCore<unknown>): boolean {
    if (this.#life.at !== 'open') return false;
    this.add(core);
    return true;
  }

  onChannelClosing(core: ChannelCore<unknown>): void {
    this.registry.remove(core);
    this.#closing.add(core);
    if (this.#life.at !== 'ended') this.#connection.done(core);
  }

  onChannelReleased(core: ChannelCore<unknown>): void {
    this.#closing.delete(core);
  }

  onChannelClosed(
    core: ChannelCore<unknown>,
    reason: 'closed' | 'client-ended',
    error?: ConnectionLostError,
  ): void {
    if (this.#life.at === 'ended') return;
    if (reason === 'client-ended') {
      // With the Receiver's own client all of it ends: `onClientEnded` follows.
      if (core.hub === this.#options.hub) return;
      this.registry.remove(core);
      this.#connection.done(core);
      if (error && this.#connection.isConnected) this.#subject.place(error);
    }
    // A Receiver that nobody consumes has no stream to end: its Channels come and go.
    if (!this.#options.autoStop || !this.#connection.isConnected || core.isForgotten) return;
    if (this.registry.size === 0) void this.stop();
  }

  onDisconnected(error: Error | undefined): void {
    this.emit(error ? { type: 'disconnected', error } : { type: 'disconnected' });
  }

  onReconnected(since: number, until: number, affected: ReadonlySet<HubListener>): void {
    const cores = this.registry.all().filter((core) => affected.has(core));
    if (cores.length === 0) return;
    const gap: Gap = { cause: 'reconnect', since, until, channels: cores.map(({ channel }) => channel) };
    this.emit({ type: 'gap', gap });
    if (this.#options.onGap !== 'error') return;
    for (const core of cores) core.place(new GapError({ ...gap, channels: [core.channel] }), joinGaps);
    if (this.#connection.isConnected) this.#subject.place(new GapError(gap), joinGaps);
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
    if (obstacle) this.#subject.dismiss(obstacle);
    else this.#connection.use('while-used');
  }

  #end(when: 'now' | 'behind', error: ConnectionLostError | undefined, patience?: number): Promise<void> {
    if (this.#life.at === 'ended') return this.#life.released;
    for (const core of this.registry.all()) core.deliverHeld();
    return this.#endNow(when, error, patience);
  }

  #endNow(when: 'now' | 'behind', error: ConnectionLostError | undefined, patience?: number): Promise<void> {
    // The messages that were held may have ended the Receiver.
    if (this.#life.at === 'ended') return this.#life.released;
    const open = this.registry.all();
    const cores = [...open, ...this.#closing];
    let onStopped!: () => void;
    const released = new Promise<void>((resolve) => (onStopped = resolve));
    this.#life = { at: 'ended', error, hadChannels: open.length > 0, released };
    const onReleased = allOrLate(
      cores.length + 1,
      () => {
        tell(() => {
          this.#options.onStopped();
          this.#isOver = true;
          this.events.complete();
          for (const core of this.#coresWithEventObservers) core.endEvents();
          this.#coresWithEventObservers.clear();
          onStopped();
        });
      },
      patience,
    );
    transition(() => {
      batchOn(cores, () => {
        for (const core of cores) core.release('closed', onReleased);
      });
      for (const core of open) this.registry.remove(core);
      this.#episode.end();
      this.#connection.end(this.#endError());
      tell(() => this.#subject.end(when, error));
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
  return decodeMessage(raw, coreOf(raw.source as Channel<unknown>).codec);
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
