import { Subject, type Subscriber } from 'rxjs';
import { tell, transition } from '../outbox.js';
import type { Bounds } from '../queue/buffer-options.js';
import { Channel, sourceOf, type ReceiverEvent, type Message } from '../channel.js';
import { bytes, text, type Codec } from '../codec/codec.js';
import { ChannelClosedError, ConnectionLostError, SubscribeError } from '../errors/errors.js';
import { reasonOf } from '../errors/reason-of.js';
import type { HubListener, Leave, FastPath } from '../hub/hub-listener.js';
import type { PubSubHub, Watcher } from '../hub/pub-sub-hub.js';
import type { ChannelKind } from '../channel-kind.js';
import { allOrLate } from './all-or-late.js';
import { decodeMessage } from './decode-message.js';
import type { RawMessage } from './raw-message.js';
import { OwnObservers, type MessageCounts, type ObservedChannel } from './own-observers.js';

/** What a Channel needs of its Receiver. */
export interface ChannelOwner extends Watcher {
  /** True until the Receiver has ended, or begun to. */
  readonly isOpen: boolean;
  readonly bounds: Bounds;
  /** The error that the Receiver has ended with. */
  readonly lostError: ConnectionLostError | undefined;
  emit(event: ReceiverEvent): void;
  /** A message for the merged stream. */
  accept(raw: RawMessage, isDecoded: boolean): void;
  /** Also of the messages that are for the Channel's own observers alone, or for nobody. */
  readonly counts: MessageCounts & { late: number };
  onChannelSubscribed(core: ChannelCore<unknown>): void;
  /** It was subscribed, and is not for now. */
  onChannelInterrupted(core: ChannelCore<unknown>): void;
  onChannelRefused(core: ChannelCore<unknown>, error: SubscribeError): void;
  /** The first observer of its own has come. */
  onChannelObserved(core: ChannelCore<unknown>): void;
  /** The last observer of its own has left, and it has unsubscribed if nobody else needs it. */
  onChannelDeserted(core: ChannelCore<unknown>): void;
  /** Registers it again after it was forgotten; false where the Receiver has ended. */
  readopt(core: ChannelCore<unknown>): boolean;
  /** The first observer of its events has come, or the last has left. */
  onEventsObserved(core: ChannelCore<unknown>, isObserved: boolean): void;
  /** It closes: its name is free, though it may hear on until it is released. */
  onChannelClosing(core: ChannelCore<unknown>): void;
  /** Its link has let go of it. */
  onChannelReleased(core: ChannelCore<unknown>): void;
  /** It has closed: by `close`, or with its client, with an error if that gave up. */
  onChannelClosed(
    core: ChannelCore<unknown>,
    reason: 'closed' | 'client-ended',
    error?: ConnectionLostError,
  ): void;
}

export interface ChannelCoreOptions<T> {
  readonly owner: ChannelOwner;
  readonly hub: PubSubHub;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly codec: Codec<T>;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** `'draining'`: it has unsubscribed, and still takes what comes before the acknowledgement. */
type Life =
  | { readonly at: 'open' | 'draining' }
  | { readonly at: 'closed'; readonly error: ConnectionLostError | undefined };

/** How it stands with its subscription. `'leaving'`: it hears on until it is released. */
type Attachment =
  | { readonly at: 'off'; readonly refusal?: SubscribeError }
  | { readonly at: 'attached'; readonly isServed: boolean; readonly wasServed: boolean }
  | { readonly at: 'leaving'; readonly wasServed: boolean };

// There may be very many Channels, and most are in the same few states.
const OPEN: Life = { at: 'open' };
const DRAINING: Life = { at: 'draining' };
const CLOSED: Life = { at: 'closed', error: undefined };
const OFF: Attachment = { at: 'off' };
const ATTACHED: Attachment = { at: 'attached', isServed: false, wasServed: false };
const SERVED: Attachment = { at: 'attached', isServed: true, wasServed: true };
/** Never pushed to. */
const NONE: never[] = [];

/** The advice where nothing can be subscribed. */
export const NOT_OPEN = 'the client is not open. Await client.connect() before, or use Receiver.open().';

/**
 * What stands behind a Channel: it subscribes while the Channel has observers or the Receiver is connected, and hands
 * each message to both.
 */
export class ChannelCore<T> implements HubListener, FastPath, ObservedChannel<T> {
  // First, because there may be very many Channels, and a message should find what it needs in one line of the cache.
  readonly channel: Channel<T>;
  #own: OwnObservers<T> | undefined = undefined;
  /** Whether the Receiver is connected, and wants what comes. */
  #isMerged = false;
  #life: Life = OPEN;
  readonly kind: ChannelKind;
  /** Whether its codec has nothing to do: what the subscription gives is in its form already. */
  readonly isIdentity: boolean;
  readonly #owner: ChannelOwner;

  readonly name: string;
  readonly codec: Codec<T>;
  readonly hub: PubSubHub;
  readonly binary: boolean;
  /** Set by the option `keep`: the Channel stays registered when its last observer has left. */
  isKept = false;
  /** Set when the Channel was asked for again after its last observer had left. */
  isClaimed = false;
  /** Set while the Receiver has let go of the Channel, until an observer comes back. */
  isForgotten = false;
  #events: Subject<ReceiverEvent> | undefined = undefined;
  #attachment: Attachment = OFF;
  #subscribeWaiters: Waiter[] = NONE;
  #releaseWaiters: (() => void)[] = NONE;

  constructor({ owner, hub, kind, name, codec }: ChannelCoreOptions<T>) {
    this.#owner = owner;
    this.hub = hub;
    this.kind = kind;
    this.name = name;
    this.codec = codec;
    this.binary = codec.binary === true;
    this.isIdentity = (codec as Codec<unknown>) === text || (codec as Codec<unknown>) === bytes;
    this.channel = new Channel(this);
  }

  /** Adds an observer of the events that concern this Channel. */
  observeEvents(subscriber: Subscriber<ReceiverEvent>): void {
    const isFirst = this.#events === undefined;
    const events = (this.#events ??= new Subject());
    subscriber.add(() => {
      if (this.#events !== events || events.observed) return;
      this.#events = undefined;
      this.#owner.onEventsObserved(this, false);
    });
    subscriber.add(events.subscribe(subscriber));
    if (isFirst) this.#owner.onEventsObserved(this, true);
  }

  /** Tells an event that concerns this Channel. */
  notify(event: ReceiverEvent): void {
    this.#events?.next(event);
  }

  endEvents(): void {
    const events = this.#events;
    this.#events = undefined;
    events?.complete();
  }

  get isOpen(): boolean {
    return this.#life.at !== 'closed' && (!this.isForgotten || this.#owner.isOpen);
  }

  /** True while the subscription may still have something for this Channel. */
  get isAttached(): boolean {
    return this.#attachment.at !== 'off';
  }

  get isServed(): boolean {
    return this.#attachment.at === 'attached' && this.#attachment.isServed;
  }

  observe(subscriber: Subscriber<Message<T>>): void {
    if (this.#life.at === 'closed') {
      if (this.#life.error) subscriber.error(this.#life.error);
      else subscriber.complete();
      return;
    }
    if (subscriber.closed) return;
    if (this.isForgotten && !this.#owner.readopt(this)) {
      const { lostError } = this.#owner;
      if (lostError) subscriber.error(lostError);
      else subscriber.complete();
      return;
    }
    this.#own ??= new OwnObservers<T>(this);
    this.#own.observe(subscriber);
  }

  get bounds(): Bounds {
    return this.#owner.bounds;
  }

  get isMerged(): boolean {
    return this.#isMerged;
  }

  setMerged(isMerged: boolean): void {
    this.#isMerged = isMerged;
    this.#updateAttachment();
  }

  whenSubscribed(): Promise<void> {
    if (this.#life.at !== 'open' || !this.isOpen) return Promise.reject(this.#closedError());
    // Somebody else may have unsubscribed it on the client.
    if (this.isServed) this.hub.verify(this.kind, this.name);
    if (this.isServed) return Promise.resolve();
    if (this.#attachment.at === 'off') {
      const { refusal = this.hub.isOpen ? undefined : this.#refusal(NOT_OPEN) } = this.#attachment;
      if (refusal) return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => this.addWaiter({ resolve, reject }));
  }

  /** Tells a waiter when Redis has acknowledged the subscription, or it fails, or the Channel is closed. */
  addWaiter(waiter: Waiter): void {
    if (this.#subscribeWaiters === NONE) this.#subscribeWaiters = [];
    this.#subscribeWaiters.push(waiter);
  }

  /** The error that an observer gets who comes now, and that no other try can mend. */
  get finalError(): Error | undefined {
    if (this.#life.at === 'closed') return this.#life.error;
    if (this.isForgotten && this.#owner.lostError) return this.#owner.lostError;
    return this.#attachment.at === 'off' && !this.hub.isOpen ? this.#refusal(NOT_OPEN) : undefined;
  }

  /** True while the Channel is registered only for observers that have just left. */
  get isDeserted(): boolean {
    return !this.isKept && !this.isClaimed && this.#own?.isDeserted === true;
  }

  close(): Promise<void> {
    // An observer that leaves and cleans up behind it, as in `finalize`, does not end the others.
    if (this.#own?.isBeingLeft) return Promise.resolve();
    this.deliverHeld();
    return new Promise((resolve) => transition(() => this.release('closed', allOrLate(1, resolve))));
  }

  /** Delivers what has come and is held back: before the Channel is closed, and in no transition. */
  deliverHeld(): void {
    if (this.#attachment.at === 'attached') this.hub.deliverHeld(this.kind, this.name);
  }

  /** Closes it, or lets it drain; calls back when the subscription has let go of it, however long that takes. */
  release(life: 'closed' | 'draining', onReleased: () => void): void {
    if (this.#life.at !== 'closed') {
      this.#life = life === 'closed' ? CLOSED : DRAINING;
      if (life === 'closed') this.#owner.onChannelClosing(this);
      this.#detach(life === 'draining' ? 'draining' : 'at-once');
      if (this.#subscribeWaiters.length > 0) this.#rejectWaiters(this.#closedError());
      if (life === 'closed') {
        if (this.#attachment.at === 'off') this.#owner.onChannelReleased(this);
        this.#endOwn('now');
        this.#owner.onChannelClosed(this, 'closed');
      }
    }
    if (this.#attachment.at === 'off') return onReleased();
    if (this.#releaseWaiters === NONE) this.#releaseWaiters = [];
    this.#releaseWaiters.push(onReleased);
  }

  get counts(): MessageCounts {
    return this.#owner.counts;
  }

  emit(event: ReceiverEvent): void {
    this.#owner.emit(event);
  }

  onObserved(): void {
    this.isClaimed = false;
    this.#updateAttachment();
    this.#owner.onChannelObserved(this);
  }

  onDeserted(): void {
    transition(() => {
      this.#own = undefined;
      this.#updateAttachment();
      this.#owner.onChannelDeserted(this);
    });
  }

  /** Puts an error into the stream of the Channel's own observers. */
  place(error: Error, join: (earlier: Error, later: Error) => Error | undefined): void {
    this.#own?.place(error, join);
  }

  decode(raw: RawMessage): Message<T> {
    return decodeMessage(raw, this.codec, this.channel);
  }

  get fastPath(): FastPath | undefined {
    return this.#own === undefined && this.#isMerged && this.#life === OPEN ? this : undefined;
  }

  get stream(): ChannelOwner {
    return this.#owner;
  }

  receive(data: string | Buffer, channel: string, rawChannel?: Buffer): void {
    const source = this.channel as Channel<unknown> as Channel<string | Buffer>;
    const plain: RawMessage =
      this.kind === 'pattern' ? { source, channel, pattern: this.name, data } : { source, channel, data };
    const raw = rawChannel ? { ...plain, rawChannel } : plain;
    if (this.#life.at === 'closed') return this.#ignore(raw);
    this.#own?.receive(raw, this.isIdentity);
    if (!this.#isMerged) return;
    if (this.isOpen) this.#owner.accept(raw, this.isIdentity);
    // One of its own observers has closed it, or has stopped the Receiver.
    else this.#ignore(raw);
  }

  onSubscribed(): void {
    if (this.#attachment.at !== 'attached' || this.#attachment.isServed) return;
    const { wasServed } = this.#attachment;
    this.#attachment = SERVED;
    if (this.#subscribeWaiters.length > 0) this.#resolveWaiters();
    if (!wasServed) this.#owner.emit({ type: 'subscribed', source: this.channel });
    this.#owner.onChannelSubscribed(this);
  }

  onInterrupted(): void {
    if (this.#attachment.at !== 'attached' || !this.#attachment.isServed) return;
    this.#attachment = { ...this.#attachment, isServed: false };
    this.#owner.onChannelInterrupted(this);
  }

  onReplaced(): void {
    if (this.#attachment.at !== 'attached' || !this.#attachment.wasServed) return;
    this.#attachment = ATTACHED;
    this.#owner.emit({ type: 'unsubscribed', source: this.channel });
  }

  onReleased(): void {
    if (this.#attachment.at !== 'leaving') return;
    const { wasServed } = this.#attachment;
    this.#endAttachment(undefined, () => {
      if (wasServed) this.#owner.emit({ type: 'unsubscribed', source: this.channel });
    });
  }

  onRefused(cause: unknown): void {
    this.#refuse(
      this.#refusal(`Redis refused: ${reasonOf(cause)}. Mend the cause, and subscribe again.`, { cause }),
    );
  }

  onEnded(error: Error | undefined): void {
    const lost = error && new ConnectionLostError({ cause: error });
    const isFirst = this.#life.at !== 'closed';
    if (isFirst) this.#life = { at: 'closed', error: lost };
    this.#endAttachment();
    if (!isFirst) return;
    if (this.#subscribeWaiters.length > 0) this.#rejectWaiters(this.#closedError());
    this.#endOwn('behind', lost);
    this.#owner.onChannelClosed(this, 'client-ended', lost);
  }

  /** Subscribes or unsubscribes, as the observers and the Receiver want it. */
  #updateAttachment(): void {
    if (this.#life.at !== 'open') return;
    const isWanted = this.#isMerged || this.#own !== undefined;
    if (isWanted && this.#attachment.at !== 'attached') this.#attach();
    else if (!isWanted) this.#detach('at-once');
    else this.hub.updateFastPath(this.kind, this.name);
  }

  #attach(): void {
    if (!this.hub.isOpen) return this.#refuse(this.#refusal(NOT_OPEN));
    if (this.#attachment.at === 'off') this.hub.watch(this.#owner);
    const wasServed = this.#attachment.at === 'leaving' && this.#attachment.wasServed;
    this.#attachment = wasServed ? { at: 'attached', isServed: false, wasServed } : ATTACHED;
    this.hub.attach(this.kind, this.name, this);
  }

  #detach(leave: Leave): void {
    if (this.#attachment.at !== 'attached') return;
    this.#attachment = { at: 'leaving', wasServed: this.#attachment.wasServed };
    this.hub.detach(this.kind, this.name, this, leave);
  }

  /** `tell` may bring it back: by then it has let go. Those who wait for that come last, because they end the events. */
  #endAttachment(refusal?: SubscribeError, tell?: () => void): void {
    const wasAttached = this.#attachment.at !== 'off';
    this.#attachment = refusal ? { at: 'off', refusal } : OFF;
    if (wasAttached) this.hub.unwatch(this.#owner);
    tell?.();
    this.#owner.onChannelReleased(this);
    const waiters = this.#releaseWaiters;
    this.#releaseWaiters = NONE;
    for (const onReleased of waiters) onReleased();
  }

  /** What failed is not tried again by itself: an observer that comes new does it, or `connect()`. */
  #refuse(error: SubscribeError): void {
    const wasMerged = this.#isMerged;
    this.#isMerged = false;
    this.#endAttachment(error);
    this.#rejectWaiters(error);
    const own = this.#own;
    tell(() => own?.fail(error));
    this.#owner.emit({ type: 'channel-error', source: this.channel, error });
    if (wasMerged) this.#owner.onChannelRefused(this, error);
  }

  #refusal(advice: string, options?: ErrorOptions): SubscribeError {
    return new SubscribeError(this.kind, this.name, advice, options);
  }

  #ignore({ channel, data }: RawMessage): void {
    this.#owner.counts.late++;
    this.#owner.emit({ type: 'late', source: this.channel, channel, data });
  }

  #endOwn(when: 'now' | 'behind', error?: Error): void {
    const own = this.#own;
    this.#own = undefined;
    tell(() => own?.end(when, error));
  }

  #resolveWaiters(): void {
    const waiters = this.#subscribeWaiters;
    this.#subscribeWaiters = NONE;
    for (const { resolve } of waiters) resolve();
  }

  #rejectWaiters(error: Error): void {
    const waiters = this.#subscribeWaiters;
    this.#subscribeWaiters = NONE;
    for (const { reject } of waiters) reject(error);
  }

  #closedError(): ChannelClosedError {
    const cause = this.#life.at === 'closed' ? this.#life.error : undefined;
    return new ChannelClosedError(
      `The ${this.kind} ${JSON.stringify(this.name)} is closed. Ask its Receiver, or a new one, for it again.`,
      { cause },
    );
  }
}

/** Returns what stands behind a Channel. */
export function coreOf<T>(channel: Channel<T>): ChannelCore<T> {
  return sourceOf(channel) as ChannelCore<T>;
}
