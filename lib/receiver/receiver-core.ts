import type { Subscriber } from 'rxjs';
import type { Gap, Message, ReceiverEvent } from '../channel.js';
import type { ChannelCore } from '../channel/channel-core.js';
import type { ChannelOwner } from '../channel/channel-owner.js';
import type { RawMessage } from '../channel/raw-message.js';
import { ReceiverBusyError, type ConnectionLostError, type SubscribeError } from '../errors/errors.js';
import type { HubListener } from '../hub/hub-listener.js';
import type { PubSubHub, ReaderOf } from '../hub/pub-sub-hub.js';
import { tell, transition } from '../outbox.js';
import type { Bounds } from '../queue/buffer-options.js';
import type { CoreOptions } from './core-options.js';
import { Ending } from './ending.js';
import { GapReport } from './gap-report.js';
import { joinRefusals } from './join-errors.js';
import { MergedStream } from './merged-stream.js';
import type { Pull } from './pulls.js';
import { ReceiverConnection } from './receiver-connection.js';
import { ReceiverEvents } from './receiver-events.js';
import { Registry } from './registry.js';
import type { ReceiverStats } from './stats.js';

/** The time for which a pull keeps the Receiver connected: until its end, or while the iterator runs. */
type Connects = 'pin' | 'while-used';

const OBSERVED =
  'The Receiver is being observed, and its observers get every message. Unsubscribe before you pull.';

/** The internals of a Receiver, which join the Channels, the connection, the merged stream and the end. */
export class ReceiverCore implements ChannelOwner<ChannelCore<unknown>> {
  readonly registry: Registry;
  readonly events: ReceiverEvents;
  readonly emit: (event: ReceiverEvent) => void;
  readonly stream: MergedStream;
  readonly ending: Ending;
  readonly hub: PubSubHub;
  readonly heartbeat: number;
  readonly readerOf: ReaderOf;
  readonly bounds: Bounds;
  readonly options: CoreOptions;
  readonly #connection: ReceiverConnection;
  readonly #gaps: GapReport;

  constructor(options: CoreOptions) {
    this.options = options;
    ({ hub: this.hub, heartbeat: this.heartbeat, readerOf: this.readerOf, bounds: this.bounds } = options);
    const registry = (this.registry = new Registry(options.topics?.names));
    const events = (this.events = new ReceiverEvents(options.client));
    this.emit = events.emit;
    const stream = (this.stream = new MergedStream({
      ...options,
      emit: events.emit,
      onObserved: () => this.#onObserved(),
      onDeserted: () => this.#connection.leave(),
    }));
    const connection = (this.#connection = new ReceiverConnection({
      hub: options.hub,
      registry,
      watcher: this,
      isObserved: () => stream.subject.isObserved,
    }));
    const parts = { registry, connection, stream, events };
    this.ending = new Ending({ ...parts, onStopped: options.onStopped });
    this.#gaps = new GapReport({ ...parts, onGap: options.onGap });
  }

  get stats(): ReceiverStats {
    return { ...this.stream.stats, gaps: this.events.gaps };
  }

  get isActive(): boolean {
    const { ended } = this.ending;
    return ended ? ended.hadChannels && !this.stream.subject.isEmpty : this.registry.size > 0;
  }

  get isOpen(): boolean {
    return this.ending.isOpen;
  }

  get lostError(): ConnectionLostError | undefined {
    return this.ending.ended?.error;
  }

  /** The error that a new observer would get at once, and that another attempt cannot fix. */
  get finalError(): Error | undefined {
    const { ended } = this.ending;
    return ended ? this.endOfStream?.error : this.#obstacle;
  }

  /** The end of the Receiver, once its queue is empty. */
  get endOfStream(): { readonly error: ConnectionLostError | undefined } | undefined {
    return this.stream.subject.isEmpty ? this.ending.ended : undefined;
  }

  add(core: ChannelCore<unknown>): void {
    if (!this.isOpen) throw this.ending.reason;
    this.registry.add(core);
    this.stream.hasCodecs ||= !core.isIdentity;
    this.stream.hasLogs ||= core.follower !== undefined;
    this.#connection.add(core);
  }

  connect(): Promise<void> {
    this.hub.check();
    return this.isOpen ? this.#connection.connect() : Promise.reject(this.ending.reason);
  }

  observe(subscriber: Subscriber<Message<unknown>>): void {
    this.hub.check();
    this.stream.observe(subscriber);
  }

  /** Takes a waiting message if there is nothing to decode, announce or throw before. */
  takePlain(connects: Connects): Message<unknown> | undefined {
    return this.#isConnectedAs(connects) ? this.stream.takePlain() : undefined;
  }

  /** Takes a waiting message, or throws the waiting error, if a `pull` would do nothing else. */
  takeReady<T>(decode: (raw: RawMessage) => Message<T>, connects: Connects): Message<T> | undefined {
    const { stream } = this;
    if (stream.subject.isEmpty || stream.subject.isObserved || !this.#isConnectedAs(connects))
      return undefined;
    return stream.take(decode);
  }

  pull<T>(pull: Pull<T>, connects: Connects): void {
    this.hub.check();
    if (this.stream.subject.isObserved) return pull.fail(new ReceiverBusyError(OBSERVED));
    const end = this.endOfStream;
    if (end) return end.error ? pull.fail(end.error) : pull.end(false);
    // The transition holds back the events of the connection until the pull is in the list.
    transition(() => {
      if (this.isOpen) {
        const obstacle = this.#obstacle;
        if (!obstacle) this.#connection.use(connects);
        else if (this.stream.subject.isEmpty) return pull.fail(obstacle);
      }
      this.stream.pulls.add(pull);
    });
  }

  countIterators(change: 1 | -1): void {
    this.#connection.countIterators(change);
  }

  onIgnored(
    { channel: source }: ChannelCore<unknown>,
    reason: 'late' | 'unmatched',
    channel: string,
    data: string | Buffer,
  ): void {
    this.stream.ignore(reason);
    this.emit({ type: reason, source, channel, data });
  }

  observeEvents(core: ChannelCore<unknown>, subscriber: Subscriber<ReceiverEvent>): void {
    this.events.observeChannel(core, subscriber);
  }

  onChannelSubscribed(core: ChannelCore<unknown>): void {
    this.#connection.done(core);
  }

  onChannelInterrupted(core: ChannelCore<unknown>): void {
    this.#connection.interrupted(core);
  }

  onChannelRefused(core: ChannelCore<unknown>, error: SubscribeError): void {
    if (this.#connection.refuse(core, error)) return;
    tell(() => this.stream.subject.place(error, joinRefusals));
  }

  onChannelObserved(core: ChannelCore<unknown>): void {
    if (!core.isMerged && this.registry.has(core)) this.#connection.add(core);
  }

  onChannelDeserted(core: ChannelCore<unknown>): void {
    const isNeeded = core.registration !== 'while-observed' || core.isMerged || !core.isOpen || !this.isOpen;
    if (!isNeeded && this.registry.has(core)) this.registry.forget(core);
  }

  readopt(core: ChannelCore<unknown>): boolean {
    const { isOpen } = this;
    if (isOpen) this.add(core);
    return isOpen;
  }

  onChannelClosing(core: ChannelCore<unknown>): void {
    // The end of the Receiver has emptied the registry at once.
    if (this.ending.ended) return;
    this.registry.remove(core);
    this.registry.closing.add(core);
    this.#connection.done(core);
  }

  onChannelReleased(core: ChannelCore<unknown>): void {
    this.registry.closing.delete(core);
  }

  onChannelClosed(
    core: ChannelCore<unknown>,
    reason: 'closed' | 'client-ended',
    error?: ConnectionLostError,
  ): void {
    if (this.ending.ended) return;
    if (reason === 'client-ended') {
      // The whole Receiver ends with its own client: `onClientEnded` follows.
      if ((core.hub.base ?? core.hub) === this.hub) return;
      this.registry.remove(core);
      this.#connection.done(core);
      if (error && this.#connection.isConnected) this.stream.subject.place(error);
    }
    // A Receiver without a consumer has no stream to end: its Channels come and go.
    if (!this.options.autoStop || !this.#connection.isConnected || core.registration === 'forgotten') return;
    if (this.registry.size === 0) void this.ending.stop();
  }

  onDisconnected(error: Error | undefined): void {
    this.emit(error ? { type: 'disconnected', error } : { type: 'disconnected' });
  }

  onReconnected(since: number, until: number, affected: ReadonlySet<HubListener>): void {
    this.#gaps.onReconnected(since, until, affected);
  }

  onMissed(core: ChannelCore<unknown>, missed: Pick<Gap, 'since' | 'dropped'>): void {
    this.#gaps.onMissed(core, missed);
  }

  onClientEnded(hub: PubSubHub, error: Error | undefined): void {
    for (const core of this.registry.streamsBeside(hub)) core.onEnded(error);
    if (hub === this.hub) this.ending.endWithClient(error);
  }

  /** Returns whether the Receiver is connected as this kind of pull requires. */
  #isConnectedAs(connects: Connects): boolean {
    return connects === 'while-used' || this.#connection.isPinned || !this.isOpen;
  }

  /** The error of a Receiver that is not connected and cannot connect now. */
  get #obstacle(): SubscribeError | undefined {
    return this.#connection.isConnected ? undefined : this.#connection.obstacle;
  }

  #onObserved(): void {
    if (!this.isOpen) return;
    const obstacle = this.#obstacle;
    if (obstacle) this.stream.subject.dismiss(obstacle);
    else this.#connection.use('while-used');
  }
}
